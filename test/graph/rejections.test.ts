import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';
import type { Answer, SmallGraph } from '../support/small-graph.ts';

const DAY = 86_400;

let graph: SmallGraph;

beforeAll(async () => {
  graph = await startSmallGraph({ services: LIBRARY });
});

afterAll(() => graph[Symbol.asyncDispose]());

function get(parameters: Readonly<Record<string, string>>, on = graph): Promise<Response> {
  const url = new URL(on.router.url);
  url.search = new URLSearchParams(parameters).toString();
  return fetch(url, { headers: { 'apollo-require-preflight': '1' } });
}

describe('a member that is empty or null is as if absent', () => {
  const query = '{ book(id: 1) { id } }';
  const expected = { data: { book: { id: '1' } } };
  const empty = { operationName: '', variables: '', extensions: '' };

  test.each([
    empty,
    { operationName: '' },
    { variables: '' },
    { variables: 'null' },
    { extensions: '' },
    { extensions: 'null' },
  ])('in a GET: %j', async (parameters) => {
    // The first request passes Apollo Server, the second does not.
    for (const _ of [1, 2]) expect(await (await get({ query, ...parameters })).json()).toEqual(expected);
  });

  test.each([
    { operationName: null, variables: null, extensions: null },
    { operationName: '' },
    { operationName: null },
    { variables: null },
    { extensions: null },
  ])('in a POST: %j', async (members) => {
    for (const _ of [1, 2]) expect(await (await graph.post({ query, ...members })).json()).toEqual(expected);
  });

  test('but other texts and types are rejected', async () => {
    for (const parameters of [
      { variables: '[]' },
      { variables: '1' },
      { variables: '{' },
      { extensions: 'x' },
    ])
      expect((await get({ query, ...parameters })).status).toBe(400);
    for (const members of [{ operationName: 1 }, { variables: '' }, { extensions: [] }])
      expect((await graph.post({ query, ...members })).status).toBe(400);
  });
});

describe('an error without data names the request', () => {
  const hash = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  test.each<[name: string, body: unknown, code: string]>([
    ['that is not JSON', '{', 'BAD_REQUEST'],
    ['that is a batch', [{ query: '{ books { id } }' }], 'BAD_REQUEST'],
    ['without a document', { variables: {} }, 'BAD_REQUEST'],
    ['with variables of the wrong type', { query: '{ books { id } }', variables: [] }, 'BAD_REQUEST'],
    ['whose document does not parse', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['whose document is not valid', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'with an unknown operation name',
      { query: 'query A { books { id } }', operationName: 'B' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    ['with a wrong variable', { query: 'query ($id: ID!) { book(id: $id) { id } }' }, 'BAD_USER_INPUT'],
    ['with an unknown hash', { extensions: hash }, 'PERSISTED_QUERY_NOT_FOUND'],
    ['with too many fields', { query: `{${' books { id }'.repeat(21)} }` }, 'MAX_ROOT_FIELDS_LIMIT'],
  ])('%s', async (_name, body, code) => {
    const requestId = randomUUID();
    const response = await graph.post(body, { 'x-request-id': requestId });
    const { errors = [], ...rest } = (await response.json()) as Answer;
    expect(response.headers.get('x-request-id')).toBe(requestId);
    expect(errors.map(({ extensions }) => extensions)).toEqual([{ code, requestId }]);
    expect(rest).toEqual({});
  });

  test('at an unknown path', async () => {
    const response = await fetch(new URL('/nothing', graph.router.url));
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'NOT_FOUND', requestId: response.headers.get('x-request-id') } }],
    });
  });
});

test('a request over the budget says how much is left and when to try again', async () => {
  await using limited = await startSmallGraph({
    services: LIBRARY,
    config: `rateLimit: { enabled: true, anonymous: { points: 10, windowS: ${DAY} }, maxCost: 20 }`,
    parts: { monotonic: () => 0 },
  });
  const spend = (count: number) => limited.post({ query: `{${aliases(count)} }` });
  expect((await spend(8)).status).toBe(200);
  const refused = await spend(4);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '17280']);
  expect(await refused.json()).toEqual({
    errors: [
      {
        message:
          'The request costs 4 points and its budget has 2 of 10 points left. Try again in 17280 seconds.',
        extensions: {
          code: 'RATE_LIMITED',
          retryAfterMs: 17_280_000,
          bucket: 'anonymous',
          limit: 10,
          windowMs: DAY * 1_000,
          remaining: 2,
          cost: 4,
          requestId: refused.headers.get('x-request-id'),
        },
      },
    ],
  });
  const tooExpensive = await spend(11);
  expect(await tooExpensive.json()).toMatchObject({
    errors: [{ extensions: { code: 'COST_ESTIMATED_TOO_EXPENSIVE', cost: 11, limit: 10 } }],
  });
});

function aliases(count: number): string {
  return Array.from({ length: count }, (_, index) => ` a${index}: book(id: 1) { id }`).join('');
}

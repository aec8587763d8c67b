import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256Of } from '../../router/persisted-operations/registry.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph } from '../support/graphs/small-graph.ts';

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

describe('a member that is empty or null is treated as absent', () => {
  const query = '{ book(id: 1) { id } }';
  const expected = { data: { book: { id: '1' } } };
  const empty = { operationName: '', variables: '', extensions: '', onError: '' };

  test.each([
    empty,
    { operationName: '' },
    { variables: '' },
    { variables: 'null' },
    { extensions: '' },
    { extensions: 'null' },
    { onError: '' },
  ])('in a GET: %j', async (parameters) => {
    // The first request prepares the operation, the second finds it in the cache.
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

  test('also the document in addition to a hash', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256Of(query) } };
    expect(await (await graph.post({ query, extensions })).json()).toEqual(expected);
    expect(await (await graph.post({ query: '', extensions })).json()).toEqual(expected);
    const byHash = await get({ query: '', extensions: JSON.stringify(extensions) });
    expect(await byHash.json()).toEqual(expected);
  });

  test('also the document alone, which is then missing', async () => {
    const missing = await statusAndCodes(await get({}));
    expect(missing).toEqual({ status: 400, codes: [[expect.any(String), 'BAD_REQUEST']] });
    expect(await statusAndCodes(await get({ query: '' }))).toEqual(missing);
    expect(await statusAndCodes(await get({ query: '', onError: '' }))).toEqual(missing);
    const missingInBody = await statusAndCodes(await graph.post({ variables: {} }));
    expect(await statusAndCodes(await graph.post({ query: '', variables: {} }))).toEqual(missingInBody);
  });

  async function statusAndCodes(response: Response) {
    const { errors = [] } = (await response.json()) as GraphQLResponse;
    const codes = errors.map(({ message, extensions }) => [message, extensions['code']]);
    return { status: response.status, codes };
  }

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

describe('an error without data contains the request id', () => {
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
    const { errors = [], ...rest } = (await response.json()) as GraphQLResponse;
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

test('a request over the budget returns the remaining points and when to try again', async () => {
  await using limited = await startSmallGraph({
    services: LIBRARY,
    config: `rateLimit: { enabled: true, anonymous: { points: 10, windowS: ${DAY} }, maxCost: 20 }`,
    parts: { monotonic: () => 0 },
  });
  const spend = (count: number) => limited.post({ query: `{${aliases(count)} }` });
  expect((await spend(8)).status).toBe(200);
  const rejected = await spend(4);
  expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([429, '25920']);
  expect(await rejected.json()).toEqual({
    errors: [
      {
        message:
          'The request costs 4 points and its budget has 1 of 10 points left. Try again in 25920 seconds.',
        extensions: {
          code: 'RATE_LIMITED',
          retryAfterMs: 25_920_000,
          bucket: 'anonymous',
          limit: 10,
          windowMs: DAY * 1_000,
          remaining: 1,
          cost: 4,
          requestId: rejected.headers.get('x-request-id'),
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

describe('a rejected request costs a point', () => {
  const hash = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const known = 'query ($id: ID!) { book(id: $id) { id } }';
  const rejected: [name: string, body: unknown, code: string, points?: number][] = [
    ['whose document does not parse', { query: '{' }, 'GRAPHQL_PARSE_FAILED'],
    ['whose document is not valid', { query: '{ nothing }' }, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'of 9,000 characters that is not valid',
      { query: `{ nothing }${' '.repeat(9_000)}` },
      'GRAPHQL_VALIDATION_FAILED',
      3,
    ],
    [
      'that is longer than the limit',
      { query: `{ books { id } } #${'x'.repeat(65_536)}` },
      'MAX_LENGTH_LIMIT',
    ],
    ['with a name longer than the limit', { query: `{ ${'x'.repeat(257)} }` }, 'MAX_LENGTH_LIMIT'],
    ['with too many fields', { query: `{${' books { id }'.repeat(21)} }` }, 'MAX_ROOT_FIELDS_LIMIT'],
    [
      'with an unknown operation name',
      { query: 'query A { books { id } }', operationName: 'B' },
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'with a wrong variable for a new operation',
      { query: `${known} #`, variables: { id: {} } },
      'BAD_USER_INPUT',
    ],
    [
      'with a wrong variable for a known operation',
      { query: known, variables: { id: {} } },
      'BAD_USER_INPUT',
    ],
    [
      'with too many variables',
      { query: known, variables: Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`v${i}`, 1])) },
      'MAX_INPUT_LIMIT',
    ],
    ['whose cost exceeds the maximum', { query: `{${aliases(20)} }` }, 'COST_ESTIMATED_TOO_EXPENSIVE'],
    ['with an unknown hash', { extensions: hash }, 'PERSISTED_QUERY_NOT_FOUND'],
    [
      'with an invalid hash',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'a' } } },
      'BAD_REQUEST',
    ],
    ['that is not JSON', '['.repeat(250_000), 'BAD_REQUEST'],
    ['that is empty', '', 'BAD_REQUEST'],
    ['that is a batch', [{ query: known }], 'BAD_REQUEST'],
    ['that is a number', 7, 'BAD_REQUEST'],
    ['that is null', null, 'BAD_REQUEST'],
    ['without a document', { variables: {} }, 'BAD_REQUEST'],
    ['with variables of the wrong type', { query: known, variables: [] }, 'BAD_REQUEST'],
    ['with an unknown error behavior', { query: known, onError: 'IGNORE' }, 'BAD_REQUEST'],
  ];

  let limited: SmallGraph;
  beforeAll(async () => {
    limited = await startSmallGraph({
      services: LIBRARY,
      config: `rateLimit: { enabled: true, anonymous: { points: 500, windowS: ${DAY} }, maxCost: 19 }
listen: { trustedProxies: ["127.0.0.1"] }`,
      parts: { monotonic: () => 0 },
    });
    for (const _ of [1, 2]) await limited.post({ query: known, variables: { id: '1' } }, from('192.0.2.1'));
  });
  afterAll(() => limited[Symbol.asyncDispose]());

  const from = (address: string) => ({ 'x-forwarded-for': address });
  const left = async (address: string) => {
    const response = await limited.post({ query: known, variables: { id: '1' } }, from(address));
    return Number(response.headers.get('x-ratelimit-remaining'));
  };
  const codeOf = async (response: Response) =>
    ((await response.json()) as GraphQLResponse).errors?.[0]?.extensions['code'];

  test.each(rejected)('%s', async (_name, body, code, points: number = 1) => {
    const address = `198.51.100.${rejected.findIndex((one) => one[1] === body)}`;
    const before = await left(address);
    expect(await codeOf(await limited.post(body, from(address)))).toBe(code);
    expect(before - (await left(address))).toBe(points + 1);
  });

  test('whose body is not valid gzip', async () => {
    const address = '203.0.113.3';
    const before = await left(address);
    const headers = { ...from(address), 'content-encoding': 'gzip' };
    expect(await codeOf(await limited.post('{}', headers))).toBe('BAD_REQUEST');
    expect(before - (await left(address))).toBe(2);
  });

  test('and is rejected before any work once the budget is used up', async () => {
    const address = '203.0.113.1';
    for (let spent = await left(address); spent > 0; spent = await left(address))
      await limited.post({ query: `{${aliases(Math.min(spent, 19))} }` }, from(address));
    for (const [, body, code] of rejected) {
      const response = await limited.post(body, from(address));
      expect([code, response.status, await codeOf(response)]).toEqual([code, 429, 'RATE_LIMITED']);
    }
  });

  test('a document that is prepared costs its operation or its length, whichever is more', async () => {
    const address = '203.0.113.2';
    const query = `query Long {${aliases(2)} }`.padEnd(9_000);
    const before = await left(address);
    await limited.post({ query }, from(address));
    expect(before - (await left(address)) - 1).toBe(3);
  });
});

describe('wrong variables', () => {
  const members = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`member${i}`, 'v'.repeat(160)]));
  const cases: readonly (readonly [name: string, input: unknown, message: string])[] = [
    [
      'a member that does not exist',
      { ...members(900) },
      'Variable "$input" got an invalid value: Field "member0" is not defined by type "Filter".',
    ],
    [
      'a string instead of a number',
      { pages: 'secret' },
      'Variable "$input" got an invalid value at "input.pages": Int cannot represent non-integer value.',
    ],
    [
      'a long name',
      { ['secret'.repeat(30_000)]: 1 },
      `Variable "$input" got an invalid value: Field "${'secret'.repeat(42)}`,
    ],
    [
      'a value that is not in the enum',
      { kind: 'secret" does not exist in "' },
      'Variable "$input" got an invalid value at "input.kind": The value does not exist in "Kind" enum.',
    ],
    [
      'a list instead of a string',
      { tags: ['a', ['secret']] },
      'Variable "$input" got an invalid value at "input.tags[1]": String cannot represent a non string value.',
    ],
    ['null', null, 'Variable "$input" of non-null type "Filter!" must not be null.'],
    [
      'a string instead of an object',
      'secret',
      'Variable "$input" got an invalid value: Expected type "Filter" to be an object.',
    ],
  ];

  test('return one short error, without a value and in production without a suggestion', async (context) => {
    await using searched = await startSmallGraph({
      services: {
        search: {
          sdl: `type Query { search(input: Filter!): Int }
            enum Kind { SECRETS }
            input Filter { pages: Int kind: Kind tags: [String!] membr0: Int }`,
          resolvers: { Query: { search: () => 1 } },
        },
      },
      config: 'mode: production\nidentity: { keys: [{ id: a, secret: "0123456789abcdef0123456789abcdef" }] }',
    });
    const query = 'query ($input: Filter!) { search(input: $input) }';
    await searched.query(query, { input: {} });
    let bytes = 0;
    for (const [name, input, message] of cases) {
      const text = await (await searched.post({ query, variables: { input } })).text();
      const { errors = [] } = JSON.parse(text) as GraphQLResponse;
      expect([name, errors.length, errors[0]?.message.startsWith(message)]).toEqual([name, 1, true]);
      bytes = Math.max(bytes, text.length);
    }
    recordMeasurement(context, 'longest response to wrong variables, bytes', bytes);
    expect(bytes).toBeLessThan(1_000);
    recordMeasurement(
      context,
      'CPU of a request with 900 wrong members (client, router and network), ms',
      await cpuPerRequest(searched, query, members(900)),
    );
  });

  async function cpuPerRequest(on: SmallGraph, query: string, input: unknown): Promise<string> {
    const body = JSON.stringify({ query, variables: { input } });
    const before = process.cpuUsage();
    for (let round = 0; round < 20; round += 1) await (await on.post(body)).text();
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / 20_000).toFixed(2);
  }
});

import { expect, test } from 'vitest';
import { askForRest } from '../support/responses/degraded-response.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import { page, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { Behaviour } from '../support/subgraphs/stub-subgraph.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const GRAPHQL = 'application/graphql-response+json';
const JSON_TYPE = 'application/json';

function reply(status: number, type: string, body: unknown): Behaviour {
  return (response) => response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body));
}

const error = (code: string, path?: readonly string[]) => ({
  message: `because of ${code}`,
  ...(path && { path }),
  extensions: { code },
});
const byStatus = (status: number, path: string) => ({
  message: `a returned HTTP status ${status}`,
  path: [path],
  extensions: { code: 'SUBGRAPH_HTTP_ERROR', service: 'a' },
});

type Case = readonly [title: string, Behaviour, expected: { data: unknown; errors?: readonly unknown[] }];

const located = (code: string, path: readonly string[] = ['a']) => ({
  message: `because of ${code}`,
  path,
  extensions: { code, service: 'a' },
});

const CASES: readonly Case[] = [
  [
    'errors of application/json with 401',
    reply(401, JSON_TYPE, { errors: [error('UNAUTHENTICATED')] }),
    { data: { a: null, b: null }, errors: [located('UNAUTHENTICATED'), located('UNAUTHENTICATED', ['b'])] },
  ],
  [
    'data and errors of a GraphQL media type with 403',
    reply(403, `${GRAPHQL}; charset=utf-8`, {
      data: { a: null, b: '2' },
      errors: [error('FORBIDDEN', ['a'])],
    }),
    { data: { a: null, b: '2' }, errors: [located('FORBIDDEN')] },
  ],
  [
    'data and errors of a GraphQL media type with 500',
    reply(500, GRAPHQL, { data: { a: null, b: '2' }, errors: [error('NO_SUCH_THING', ['a'])] }),
    { data: { a: null, b: '2' }, errors: [located('NO_SUCH_THING')] },
  ],
  [
    'data without errors of a GraphQL media type with 503',
    reply(503, GRAPHQL, { data: { a: '1', b: '2' } }),
    { data: { a: '1', b: '2' } },
  ],
  [
    'errors without data of application/json with 502',
    reply(502, JSON_TYPE, { errors: [error('LATER'), error('TWICE', ['b'])] }),
    {
      data: { a: null, b: null },
      errors: [located('LATER'), located('LATER', ['b']), located('TWICE', ['b'])],
    },
  ],
  [
    'errors, and not the data, of application/json with 409',
    reply(409, JSON_TYPE, { data: { a: '1', b: '2' }, errors: [error('CONFLICT', ['a'])] }),
    { data: { a: null, b: null }, errors: [located('CONFLICT'), byStatus(409, 'b')] },
  ],
  [
    'errors of a GraphQL media type with a redirect',
    reply(307, GRAPHQL, { errors: [error('MOVED', ['a'])] }),
    { data: { a: null, b: null }, errors: [located('MOVED'), byStatus(307, 'b')] },
  ],
  ...[401, 403, 500, 503].flatMap((status): Case[] => [
    [
      `nothing of an HTML page with ${status}`,
      page(status),
      { data: { a: null, b: null }, errors: [byStatus(status, 'a'), byStatus(status, 'b')] },
    ],
    [
      `nothing of JSON that is not GraphQL with ${status}`,
      reply(status, JSON_TYPE, { error: 'secret', errors: ['secret'] }),
      { data: { a: null, b: null }, errors: [byStatus(status, 'a'), byStatus(status, 'b')] },
    ],
    [
      `nothing of data without errors of application/json with ${status}`,
      reply(status, JSON_TYPE, { data: { a: 'secret', b: null } }),
      { data: { a: null, b: null }, errors: [byStatus(status, 'a'), byStatus(status, 'b')] },
    ],
  ]),
];

test('a subgraph response with an error status keeps the errors and data of GraphQL, and nothing else', async () => {
  let current: Behaviour = page(500);
  await using stub = await startStubSubgraph(() => current);
  await using graph = await startSmallGraph({
    services: { a: { sdl: 'type Query { a: String b: String }', resolvers: {} } },
    config: `traffic: { all: { breaker: { enabled: false } }, subgraphs: { a: { urls: ["${stub.url}"] } } }`,
  });
  for (const [title, behaviour, expected] of CASES) {
    current = behaviour;
    // The first request prepares the operation, the others find it in the cache.
    const { data, errors } = await graph.query('{ a b }');
    expect({ title, data, ...(errors && { errors }) }).toEqual({ title, ...expected });
  }
});

test.each([
  ['500 of application/json', reply(500, JSON_TYPE, { errors: [error('INTERNAL_SERVER_ERROR')] })],
  ['401 of the GraphQL media type', reply(401, GRAPHQL, { errors: [{ message: 'because of a bug' }] })],
])('masks the messages of unexpected errors in production, with %s too', async (_, behaviour) => {
  await using stub = await startStubSubgraph(() => behaviour);
  await using graph = await startSmallGraph({
    services: { a: { sdl: 'type Query { a: String }', resolvers: {} } },
    config: `{ mode: production, traffic: { subgraphs: { a: { urls: ["${stub.url}"] } } } }`,
  });
  const { errors = [] } = await graph.query('{ a }');
  expect(errors.map(({ message }) => message)).toEqual(['The service reported an error.']);
  expect(JSON.stringify(errors)).not.toContain('because of');
});

test('replaces a response with 503 by a fallback, and omits the errors of the service', async () => {
  await using stub = await startStubSubgraph(() => reply(503, JSON_TYPE, { errors: [error('LATER')] }));
  await using graph = await startSmallGraph({
    services: { a: { sdl: 'type Query { a: String b: String }', resolvers: {} } },
    config: `
      traffic: { subgraphs: { a: { urls: ["${stub.url}"] } } }
      degradation: { fallbacks: { Query.a: none } }`,
  });
  expect(await askForRest(graph, '{ a }')).toMatchObject({
    data: { a: 'none' },
    codes: [],
    header: 'a;source=fallback',
  });
  expect(await askForRest(graph, '{ b }')).toMatchObject({ data: { b: null }, codes: ['LATER'] });
});

const OWN = { data: { a: null }, errors: [error('NO_SUCH_THING', ['a'])] };

test.each([
  ['500 with data', reply(500, GRAPHQL, OWN), 'open'],
  ['503 without data', reply(503, JSON_TYPE, { errors: OWN.errors }), 'open'],
  ['401', reply(401, JSON_TYPE, { errors: OWN.errors }), 'closed'],
  ['403', reply(403, GRAPHQL, OWN), 'closed'],
  ['404', reply(404, GRAPHQL, OWN), 'closed'],
])('a GraphQL response with status %s is classified by the breaker', async (title, behaviour, breaker) => {
  await using stub = await startStubSubgraph(() => behaviour);
  await using one = poolOf([stub.url], { breaker: { consecutiveFailures: 2 } });
  const calls = [await one.call(), await one.call()];
  expect(JSON.stringify(calls)).toContain('because of NO_SUCH_THING');
  expect(one.breaker()).toBe(breaker);
  const outcome = title.startsWith('50') ? 'called SUBGRAPH_HTTP_ERROR' : 'called OK';
  expect(one.events.filter((event) => event.startsWith('called'))).toEqual([outcome, outcome]);
});

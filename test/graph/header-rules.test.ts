import { once } from 'node:events';
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';
import type { SmallGraph } from '../support/small-graph.ts';
import { answer, startStubSubgraph } from '../support/stub-subgraph.ts';
import { startIssuer } from '../support/tokens.ts';

const callsOf = (graph: SmallGraph, name: string) =>
  graph.services.get(name)?.calls.filter(({ body }) => !body.includes('_service')) ?? [];

/** Sends header lines as they are written: `fetch` would join those given twice. */
async function postLines(url: string, lines: readonly string[]): Promise<unknown> {
  const { host } = new URL(url);
  const common = ['host', host, 'content-type', 'application/json'];
  const asked = request(url, { method: 'POST', headers: [...common, ...lines] });
  asked.end(JSON.stringify({ query: '{ books { id } }' }));
  const [response] = await once(asked, 'response');
  return json(response);
}

const SMUGGLED: readonly (readonly string[])[] = [
  ['x-user-id', 'forged'],
  ['X-User-ID', 'forged', 'X-USER-ID', 'forged'],
  ['x_user_id', 'forged'],
  ['X_User-Id', 'forged', 'x.user.id', 'forged'],
  ['X-USER-ROLES', 'forged', 'x_user_roles', 'forged', 'x-user-email', 'forged', 'x_tenant_id', 'forged'],
  ['connection', 'x-user-id, x-request-id, x-mine', 'x-mine', 'forged'],
  ['connection', 'authorization, x-mine', 'connection', 'X-Other', 'x-mine', 'forged', 'x-other', 'forged'],
  ['signature', 'forged', 'signature-input', 'forged', 'content-digest', 'forged'],
  ['x-forwarded-for', 'forged', 'x_forwarded_host', 'forged', 'forwarded', 'forged'],
  ['apollo-federation-include-trace', 'forged', 'apollo-query-plan-experimental', 'forged'],
  ['cookie', 'forged', 'proxy-authorization', 'forged', 'te', 'forged', 'keep-alive', 'forged'],
];

test('nothing smuggled in reaches a subgraph, even where a rule passes everything on', async () => {
  await using issuer = await startIssuer();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `
      authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
      identity: { keys: [{ id: k, secret: "${'s'.repeat(32)}" }] }
      headers: { request: [{ propagate: { matching: ".*" } }] }`,
  });
  const authorization = `Bearer ${await issuer.mint({ claims: { sub: 'u', tid: 't', roles: ['admin'] } })}`;
  for (const token of [[], ['authorization', authorization]]) {
    for (const lines of SMUGGLED) {
      expect(await postLines(graph.router.url, [...token, ...lines, 'x-fine', '1'])).toMatchObject({
        data: { books: [{ id: '1' }, { id: '2' }] },
      });
      const headers = callsOf(graph, 'books').at(-1)?.headers ?? {};
      expect(JSON.stringify(headers)).not.toMatch(/forged|Bearer/);
      const known = token.length > 0;
      expect(headers).toMatchObject({ 'x-fine': '1', 'x-request-id': expect.stringMatching(/^[\w-]{36}$/) });
      expect(headers['x-user-id']).toBe(known ? 'u' : undefined);
      expect(headers['x-tenant-id']).toBe(known ? 't' : undefined);
      expect(headers['x-user-roles']).toBe(known ? 'admin' : undefined);
      expect(headers['signature-input']).toContain(known ? '"x-user-id"' : '"content-digest");');
    }
  }
});

test('requests that are sent on with different headers never share, those with the same do', async () => {
  const gate = Promise.withResolvers<void>();
  await using graph = await startSmallGraph({
    services: {
      greeting: {
        sdl: 'type Query { hello: String }',
        resolvers: { Query: { hello: async () => gate.promise.then(() => 'hello') } },
      },
    },
    config: 'headers: { request: [{ propagate: { named: accept-language } }] }',
  });
  const languages = ['de', 'de', 'fr', 'fr', 'fr', 'it'];
  const asked = languages.map((language) =>
    graph.post({ query: '{ hello }' }, { 'accept-language': language, 'x-other': String(Math.random()) }),
  );
  await expect.poll(() => callsOf(graph, 'greeting').length, { timeout: 5_000 }).toBe(3);
  await fetch(new URL('/health/live', graph.router.url));
  gate.resolve();
  await Promise.all(asked);
  const sent = callsOf(graph, 'greeting').map(({ headers }) => headers['accept-language']);
  expect(new Set(sent)).toEqual(new Set(['de', 'fr', 'it']));
});

const BOOKS = 'type Query { book: Book } type Book @key(fields: "id") { id: ID! }';
const REVIEWS = 'type Query { newest: String } type Book @key(fields: "id") { id: ID! review: String }';

test('headers of subgraphs are merged into those of the answer, on the first way and on the direct one', async () => {
  let cookies = 0;
  await using books = await startStubSubgraph(() =>
    answer(
      { data: { book: { __typename: 'Book', id: '1' } } },
      {
        'set-cookie': [`session=${(cookies += 1)}`, 'theme=dark'],
        'cache-control': 'public, max-age=60',
        'x-shard': 'a',
        'x-user-id': 'leaked',
        'access-control-allow-origin': '*',
        connection: 'keep-alive, x-hop',
        'x-hop': '1',
      },
    ),
  );
  await using reviews = await startStubSubgraph(() =>
    answer(
      { data: { _entities: [{ __typename: 'Book', review: 'Long.' }] } },
      { 'set-cookie': 'seen=1', 'cache-control': 'private, max-age=90', 'x-shard': 'b', 'x-server': 'r' },
    ),
  );
  await using graph = await startSmallGraph({
    services: { books: { sdl: BOOKS, resolvers: {} }, reviews: { sdl: REVIEWS, resolvers: {} } },
    config: `
      traffic: { subgraphs: { books: { urls: ["${books.url}"] }, reviews: { urls: ["${reviews.url}"] } } }
      headers:
        response: [{ propagate: { matching: ".*", merge: append } }]
        subgraphs: { reviews: { response: [{ remove: { named: x-server } }] } }`,
  });
  const ask = () => graph.post({ query: '{ book { id review } }' });
  // The first goes through Apollo Server, the others past it.
  for (const session of [1, 2]) {
    const { headers } = await ask();
    expect(headers.getSetCookie()).toEqual([`session=${session}`, 'theme=dark', 'seen=1']);
    expect(Object.fromEntries(headers)).toMatchObject({
      'cache-control': 'private, max-age=60',
      'x-shard': 'a, b',
      'content-type': 'application/json; charset=utf-8',
    });
    const names = ['x-user-id', 'access-control-allow-origin', 'x-hop', 'x-server', 'x-degraded'];
    expect(names.filter((name) => headers.has(name))).toEqual([]);
  }
  const together = await Promise.all([ask(), ask(), ask()]);
  const sessions = together.map(({ headers }) => headers.getSetCookie()[0]);
  expect(new Set(sessions).size).toBe(3);
});

test('a partial answer names the services it lacks in a header, and is not cached', async () => {
  await using reviews = await startStubSubgraph(() => (response) => {
    response.writeHead(503).end();
  });
  await using books = await startStubSubgraph(() =>
    answer({ data: { book: { __typename: 'Book', id: '1' } } }, { 'cache-control': 'max-age=60' }),
  );
  await using graph = await startSmallGraph({
    services: { books: { sdl: BOOKS, resolvers: {} }, reviews: { sdl: REVIEWS, resolvers: {} } },
    config: `
      traffic: { subgraphs: { books: { urls: ["${books.url}"] }, reviews: { urls: ["${reviews.url}"] } } }
      headers: { response: [{ propagate: { named: cache-control } }] }`,
  });
  for (const _ of ['by Apollo Server', 'directly']) {
    const { headers } = await graph.post({ query: '{ newest book { id review } }' });
    expect(headers.get('x-degraded')).toBe('reviews');
    expect(headers.get('cache-control')).toBe('no-store');
  }
  const { headers } = await graph.post({ query: '{ book { id } }' });
  expect([headers.get('x-degraded'), headers.get('cache-control')]).toEqual([null, 'max-age=60']);
});

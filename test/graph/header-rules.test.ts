import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { allArrived } from '../support/graphs/arrived.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { createVerifier } from '../../subgraphs/shared/verify.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const callsOf = (graph: SmallGraph, name: string) =>
  graph.services.get(name)?.calls.filter(({ body }) => !body.includes('_service')) ?? [];

const BODY = JSON.stringify({ query: '{ books { id } }' });
const PLAIN = [`content-length: ${BODY.length}`, '', BODY];
const CHUNKED = ['transfer-encoding: chunked', '', BODY.length.toString(16), BODY, '0'];

/**
 * Sends the bytes of a request and returns the status: HTTP libraries would correct or reject the header
 * lines.
 */
async function postLines(url: string, lines: readonly string[], rest: readonly string[]): Promise<number> {
  const { hostname, port, host } = new URL(url);
  const head = [
    'POST /graphql HTTP/1.1',
    `host: ${host}`,
    'content-type: application/json',
    'connection: close',
  ];
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write([...head, ...lines, 'x-fine: 1', ...rest].join('\r\n'));
  const response = await text(socket);
  socket.destroy();
  return Number(response.slice('HTTP/1.1 '.length).split(' ')[0]);
}

/** Header lines before the blank line, and in some cases bytes after it. */
const SMUGGLED: Readonly<Record<string, readonly string[]>> = {
  'the name itself': ['x-user-id: forged'],
  'other capitals': ['X-USER-ID: forged'],
  'sent twice': ['X-User-ID: forged', 'x-user-id: forged'],
  'sent twice in one line': ['x-user-id: forged, forged'],
  'after an empty one': ['x-user-id:', 'x-user-id: forged'],
  underscores: ['x_user_id: forged'],
  'underscores and capitals': ['X_User-Id: forged'],
  dots: ['x.user.id: forged'],
  'the e-mail address': ['x-user-email: forged'],
  'the roles': ['X-USER-ROLES: forged', 'x_user_roles: forged'],
  'the tier': ['x-user-tier: forged', 'x_user_tier: forged'],
  'the tenant': ['x-tenant-id: forged', 'x_tenant_id: forged'],
  'a space before the colon': ['x-user-id : forged'],
  'a tab before the colon': ['x-user-id\t: forged'],
  'a space before the name': [' x-user-id: forged'],
  'a folded line': ['x-user-id:', ' forged'],
  'a bare line feed': ['x-a: b\nx-user-id: forged'],
  'a bare carriage return': ['x-a: b\rx-user-id: forged'],
  'NUL in the name': ['x-user-id\0: forged'],
  'a hop-by-hop identity header': ['connection: x-user-id, x-request-id, x-mine', 'x-mine: forged'],
  'a hop-by-hop token': ['connection: authorization', 'connection: X-Mine', 'x-mine: forged'],
  'a signature': ['signature: forged', 'signature-input: forged', 'content-digest: forged'],
  'a forwarded address': ['x-forwarded-for: forged', 'x_forwarded_host: forged', 'forwarded: forged'],
  'switches of Apollo': ['apollo-federation-include-trace: forged', 'apollo-query-plan-experimental: forged'],
  'a debug token': ['tributary-debug: forged', 'tributary_debug: forged', 'tributary-trace: forged'],
  'a timeout': ['x-request-timeout-ms: forged', 'x_request_timeout_ms: forged'],
  credentials: ['cookie: forged', 'proxy-authorization: forged', 'te: forged', 'keep-alive: forged'],
  'a trailer': ['trailer: x-user-id'],
};

const AFTER_BODY: Readonly<Record<string, readonly string[]>> = { 'a trailer': ['x-user-id: forged'] };

test('no smuggled header reaches a subgraph, even if a rule passes everything on', async (context) => {
  await using issuer = await startIssuer();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `
      authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
      identity: { keys: [{ id: k, secret: "${'s'.repeat(32)}" }] }
      headers: { request: [{ propagate: { matching: ".*" } }] }`,
  });
  const authorization = `Bearer ${await issuer.mint({ claims: { sub: 'u', tid: 't', roles: ['admin'] } })}`;
  const statuses = new Set<number>();
  let forged = 0;
  for (const token of [[], [`authorization: ${authorization}`]]) {
    for (const [form, lines] of Object.entries(SMUGGLED)) {
      const sent = callsOf(graph, 'books').length;
      const trailer = AFTER_BODY[form];
      const rest = trailer === undefined ? PLAIN : [...CHUNKED, ...trailer, '', ''];
      const status = await postLines(graph.router.url, [...token, ...lines], rest);
      statuses.add(status);
      const delivered = callsOf(graph, 'books').slice(sent);
      expect([form, delivered.length]).toEqual([form, status === 200 ? 1 : 0]);
      for (const { headers } of delivered) {
        if (JSON.stringify(headers).includes('forged')) forged += 1;
        expectRouterValues(headers, token.length > 0);
      }
    }
  }
  recordMeasurement(context, 'forms of forged identity headers', Object.keys(SMUGGLED).length);
  recordMeasurement(context, 'forged identity headers delivered', forged);
  expect(statuses).toEqual(new Set([200, 400]));
});

function expectRouterValues(headers: Readonly<Record<string, unknown>>, known: boolean): void {
  expect(JSON.stringify(headers)).not.toMatch(/forged|Bearer/);
  expect(headers).toMatchObject({ 'x-fine': '1', 'x-request-id': expect.stringMatching(/^[\w-]{36}$/) });
  expect(headers['x-user-id']).toBe(known ? 'u' : undefined);
  expect(headers['x-tenant-id']).toBe(known ? 't' : undefined);
  expect(headers['x-user-roles']).toBe(known ? 'admin' : undefined);
  expect(headers['signature-input']).toContain(known ? '"x-user-id"' : '"content-digest");');
}

test('deduplicates requests with the same forwarded headers only', async () => {
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
  await allArrived(graph, asked.length);
  await expect.poll(() => callsOf(graph, 'greeting').length).toBe(3);
  gate.resolve();
  await Promise.all(asked);
  const sent = callsOf(graph, 'greeting').map(({ headers }) => headers['accept-language']);
  expect(new Set(sent)).toEqual(new Set(['de', 'fr', 'it']));
});

const BOOKS = 'type Query { book: Book } type Book @key(fields: "id") { id: ID! }';
const REVIEWS = 'type Query { newest: String } type Book @key(fields: "id") { id: ID! review: String }';

test('merges headers of subgraphs into those of the response, for first requests and for cached operations', async () => {
  let cookies = 0;
  await using books = await startStubSubgraph(() =>
    json(
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
    json(
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
  // The first request prepares the operation, the others find it in the cache.
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

test('a partial response names the missing services in a header, and is not cached', async () => {
  await using reviews = await startStubSubgraph(() => (response) => {
    response.writeHead(503).end();
  });
  await using books = await startStubSubgraph(() =>
    json({ data: { book: { __typename: 'Book', id: '1' } } }, { 'cache-control': 'max-age=60' }),
  );
  await using graph = await startSmallGraph({
    services: { books: { sdl: BOOKS, resolvers: {} }, reviews: { sdl: REVIEWS, resolvers: {} } },
    config: `
      traffic: { subgraphs: { books: { urls: ["${books.url}"] }, reviews: { urls: ["${reviews.url}"] } } }
      headers: { response: [{ propagate: { named: cache-control } }] }`,
  });
  for (const _ of ['first request', 'cached operation']) {
    const { headers } = await graph.post({ query: '{ newest book { id review } }' });
    expect(headers.get('x-degraded')).toBe('reviews;source=null');
    expect(headers.get('cache-control')).toBe('no-store');
  }
  const { headers } = await graph.post({ query: '{ book { id } }' });
  expect([headers.get('x-degraded'), headers.get('cache-control')]).toEqual([null, 'max-age=60']);
});

test('callers whose requests are interleaved get their own headers, signatures and responses', async () => {
  const keys = [{ id: 'k', secret: 's'.repeat(32) }];
  const echo = (audience: string, field: string) => {
    const verify = createVerifier({ audience, keys });
    return startStubSubgraph(({ headers, body }) => {
      const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
      const { kind } = verify({ method: 'POST', rawHeaders, body: Buffer.from(body) });
      const seen = ['x-user-id', 'x-user-tier', 'x-mark', 'x-only-b', 'x-renamed'].map(
        (name) => headers[name],
      );
      return json({ data: { [field]: [kind, ...seen].join(' ') } });
    });
  };
  await using a = await echo('a', 'a');
  await using b = await echo('b', 'b');
  await using issuer = await startIssuer();
  await using graph = await startSmallGraph({
    services: {
      a: { sdl: 'type Query { a: String }', resolvers: {} },
      b: { sdl: 'type Query { b: String }', resolvers: {} },
    },
    config: `
      traffic: { subgraphs: { a: { urls: ["${a.url}"] }, b: { urls: ["${b.url}"] } } }
      authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
      identity: { keys: [{ id: k, secret: "${'s'.repeat(32)}" }] }
      headers:
        request: [{ propagate: { named: x-mark } }]
        subgraphs:
          b: { request: [{ insert: { name: x-only-b, value: b } }, { propagate: { named: x-mark, rename: x-renamed } }] }`,
  });
  const callers = [
    { id: 'ann', tier: 'GOLD', token: await issuer.mint({ claims: { sub: 'ann', tier: 'GOLD' } }) },
    { id: 'bob', tier: '', token: await issuer.mint({ claims: { sub: 'bob', tier: undefined } }) },
    { id: '', tier: '', token: undefined },
  ];
  const ask = async (index: number) => {
    const { id, tier, token } = callers[index % callers.length] ?? { id: '', tier: '' };
    // Some of the requests have equal marks, so their calls may be deduplicated.
    const mark = `m${index % 7}`;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await graph.post({ query: '{ a b }' }, { ...authorization, 'x-mark': mark });
    expect(await response.json()).toEqual({
      data: {
        a: ['verified', id, tier, mark, '', ''].join(' '),
        b: ['verified', id, tier, mark, 'b', mark].join(' '),
      },
    });
  };
  for (let round = 0; round < 5; round += 1)
    await Promise.all(Array.from({ length: 30 }, (_, index) => ask(round * 30 + index)));
});

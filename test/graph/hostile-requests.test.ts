import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';

const BODY = '{"query":"{books{id}}"}';

let graph: SmallGraph;
beforeAll(async () => {
  graph = await startSmallGraph({ services: LIBRARY });
});
afterAll(() => graph[Symbol.asyncDispose]());

async function codeOf(response: Response): Promise<unknown> {
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code;
}

function exchange(head: readonly string[], body = ''): Promise<string> {
  const { hostname, port } = new URL(graph.router.url);
  const socket = connect(Number(port), hostname);
  socket.write([...head, 'connection: close', `content-length: ${body.length}`, '', body].join('\r\n'));
  return text(socket);
}

describe('serves unusual HTTP that is valid:', () => {
  test('the absolute form of the request target', async () => {
    const response = await exchange(
      ['POST http://shop.example/graphql HTTP/1.1', 'host: shop.example', 'content-type: application/json'],
      BODY,
    );
    expect(response).toContain('200 OK');
  });

  test('an expectation that the router does not know', async () => {
    const response = await exchange(
      ['POST /graphql HTTP/1.1', 'host: a', 'expect: tea', 'content-type: application/json'],
      BODY,
    );
    expect(response).toContain('200 OK');
  });

  test.each([
    ['application/json; charset=utf-8', 'application/json'],
    [
      'application/graphql-response+json; charset=utf-8, application/json; charset=utf-8;q=0.5',
      'application/graphql-response+json',
    ],
  ])('an Accept header with the charset: %s', async (accept, type) => {
    const response = await graph.post(BODY, { accept });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`);
  });
});

test('rejects a request without a host in JSON', async () => {
  const response = await exchange(['POST /graphql HTTP/1.1', 'content-type: application/json'], BODY);
  expect(response).toContain('400 Bad Request');
  expect(response).toContain('"code":"BAD_REQUEST"');
});

test('closes the connection of a client that sends garbage and keeps its side open', async () => {
  const { hostname, port } = new URL(graph.router.url);
  const accepted = Promise.withResolvers<Socket>();
  const accept = (event: unknown) => accepted.resolve((event as { readonly socket: Socket }).socket);
  subscribe('net.server.socket', accept);
  const client = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  client.write('NONSENSE\r\n\r\n');
  const socket = await accepted.promise;
  unsubscribe('net.server.socket', accept);
  await once(client.resume(), 'end');
  await expect.poll(() => socket.destroyed).toBe(true);
  client.destroy();
});

describe('responds with 400 to an invalid persisted query:', () => {
  const sha256 = createHash('sha256').update('{books{id}}').digest('hex');
  const wrong: readonly [string, object][] = [
    ['a hash that is not a string', { persistedQuery: { version: 1, sha256Hash: { toString: null } } }],
    ['text that is not a hash', { persistedQuery: { version: 1, sha256Hash: 'abc' } }],
    [
      'the hash of another document',
      { persistedQuery: { version: 1, sha256Hash: sha256.replace(/./, 'x') } },
    ],
    ['another version', { persistedQuery: { version: 2, sha256Hash: sha256 } }],
    ['text instead of an object', { persistedQuery: 'x' }],
  ];
  test.each(wrong)('%s', async (_name, extensions) => {
    for (const body of [{ extensions }, { query: '{books{id}}', extensions }]) {
      const response = await graph.post(body);
      expect(response.status).toBe(400);
      expect(await codeOf(response)).toBe('BAD_REQUEST');
    }
  });

  test('by GET', async () => {
    const url = new URL(graph.router.url);
    url.searchParams.set('extensions', JSON.stringify(wrong[0]?.[1]));
    const response = await fetch(url, { headers: { 'apollo-require-preflight': '1' } });
    expect(response.status).toBe(400);
    expect(await codeOf(response)).toBe('BAD_REQUEST');
  });

  test('but stores a valid one', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256 } };
    expect(await codeOf(await graph.post({ extensions }))).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect((await graph.post({ query: '{books{id}}', extensions })).status).toBe(200);
    expect(await (await graph.post({ extensions })).json()).toEqual({
      data: { books: [{ id: '1' }, { id: '2' }] },
    });
  });
});

test('an operation name never finds an operation of another document', async () => {
  for (const [whole, name, rest] of [
    ['query\n{books{id}}', 'query', '{books{id}}'],
    ['# x\nquery A {books{id}}', '# x', 'query A {books{id}}'],
  ]) {
    expect((await graph.post({ query: whole })).status).toBe(200);
    const response = await graph.post({ query: rest, operationName: name });
    expect(await codeOf(response)).toBe('OPERATION_RESOLUTION_FAILURE');
  }
});

test('an id sent as a number keeps its digits, or is rejected where they are not known', async () => {
  const query = 'query($id: ID!) { book(id: $id) { id } }';
  const rejected = await graph.post(`{"query":"${query}","variables":{"id":1e30}}`);
  expect(rejected.status).toBe(400);
  expect(await codeOf(rejected)).toBe('BAD_USER_INPUT');
  for (const id of ['9007199254740991', '9007199254740993', '12345678901234567890123']) {
    await graph.post(`{"query":"${query}","variables":{"id":${id}}}`);
    expect(graph.services.get('books')?.calls.at(-1)?.body).toContain(`"${id}"`);
  }
});

test('limits and response use the last value of a repeated key in JSON', async () => {
  const twice = (first: string, last: string) => graph.post(`{"query":${first},"query":${last}}`);
  const [good, bad] = [
    JSON.stringify('{books{id}}'),
    JSON.stringify(`{${'a{'.repeat(20)}x${'}'.repeat(20)}}`),
  ];
  expect(await (await twice(bad, good)).json()).toEqual({ data: { books: [{ id: '1' }, { id: '2' }] } });
  expect(await codeOf(await twice(good, bad))).toBe('MAX_DEPTH_LIMIT');
});

test.each([
  ['1e400', '{"id":1e400}'],
  ['an object', '{"id":{"a":1}}'],
  ['a list of lists', '{"id":[[["1"]]]}'],
])('responds with 400 to an id that is %s', async (_name, variables) => {
  const response = await graph.post(
    `{"query":"query($id: ID!) { book(id: $id) { id } }","variables":${variables}}`,
  );
  expect([response.status, await codeOf(response)]).toEqual([400, 'BAD_USER_INPUT']);
});

test('aliases named like prototype properties change no prototype', async (context) => {
  const query = '{ __proto__: books { constructor: id } constructor: books { __proto__: title } }';
  const statuses = new Set<number>();
  for (let time = 0; time < 1_000; time++) {
    const response = await graph.post({ query, variables: JSON.parse('{"__proto__":{"polluted":1}}') });
    statuses.add(response.status);
    await response.arrayBuffer();
  }
  expect([...statuses].every((status) => status < 500)).toBe(true);
  const polluted = Object.keys(Object.prototype);
  recordMeasurement(context, 'properties that 1,000 attempts added to Object.prototype', polluted.length);
  expect(polluted).toEqual([]);
  expect((await graph.query('{ books { id } }')).errors).toBeUndefined();
});

test.each(['@defer', '@defer(label: "a")', '@stream'])('rejects a selection with %s', async (directive) => {
  const response = await graph.post({ query: `{ books { ... ${directive} { id } } }` });
  expect([response.status, await codeOf(response)]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
});

describe('rejects a request that a foreign page could send:', () => {
  test.each([
    ['GET with a type of messages', 'GET', { 'content-type': 'message/http' }],
    ['GET with a form', 'GET', { 'content-type': 'multipart/form-data; boundary=a' }],
    ['a multipart POST', 'POST', { 'content-type': 'multipart/form-data; boundary=a' }],
    ['a POST without a type', 'POST', {}],
  ])('%s', async (_name, method, headers: Record<string, string>) => {
    const { host, pathname } = new URL(graph.router.url);
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const target = method === 'GET' ? `${pathname}?query=%7Bbooks%7Bid%7D%7D` : pathname;
    const response = await exchange(
      [`${method} ${target} HTTP/1.1`, `host: ${host}`, ...lines],
      method === 'GET' ? '' : BODY,
    );
    expect(response).toMatch(/^HTTP\/1\.1 (400|415) /);
    expect(response).toMatch(/"code":"(CSRF_PREVENTED|UNSUPPORTED_MEDIA_TYPE)"/);
  });
});

describe('rejects a request that proxies could parse differently:', () => {
  test.each([
    ['a length and chunks', ['content-length: 5', 'transfer-encoding: chunked']],
    ['two lengths', ['content-length: 5', 'content-length: 6']],
    ['a length with a sign', ['content-length: +5']],
    ['chunks that are not last', ['transfer-encoding: chunked, identity']],
  ])('%s', async (_name, lines) => {
    const { hostname, port } = new URL(graph.router.url);
    const socket = connect(Number(port), hostname);
    socket.write(
      [`POST /graphql HTTP/1.1`, 'host: a', 'connection: close', ...lines, '', '0\r\n\r\n'].join('\r\n'),
    );
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 4\d\d /);
  });
});

test('introspection is disabled in production for every form of a request', async () => {
  await using production = await startSmallGraph({ services: LIBRARY, config: 'mode: production' });
  const documents = [
    '{ __schema { queryType { name } } }',
    '{ a: __schema { queryType { name } } }',
    '{ ... on Query { __type(name: "Book") { name } } }',
    '{ ...F } fragment F on Query { __schema { queryType { name } } }',
    'query __schema { __type(name: "Book") { fields { name } } }',
    'mutation { rename(id: 1, title: "a") { id } __schema { queryType { name } } }',
  ];
  for (const query of documents) {
    const hash = createHash('sha256').update(query).digest('hex');
    const url = new URL(production.router.url);
    url.searchParams.set('query', query);
    const ways = [
      await production.post({ query }),
      await production.post({ query, extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
      await fetch(url, { headers: { 'apollo-require-preflight': '1' } }),
    ];
    for (const response of ways) {
      expect(response.ok).toBe(false);
      expect(await response.text()).not.toContain('"data"');
    }
  }
});

test('the log contains no tokens, cookies, variables or documents', async () => {
  await using issuer = await startIssuer();
  await using quiet = await startSmallGraph({
    services: LIBRARY,
    config: `
traffic: { subgraphs: { reviews: { urls: ["http://127.0.0.1:9/"] } } }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", jwksUrl: "${issuer.jwksUrl}", audience: tributary }]`,
  });
  const token = await issuer.mint();
  const query = 'query Named($secretName: ID!) { book(id: $secretName) { title reviews { text } } }';
  const cookie = 'session=secret-cookie';
  const tokens = [token, `${token}x`, await issuer.mint({ claims: { aud: 'other' } })];
  for (const sent of tokens) {
    const headers = { authorization: `Bearer ${sent}`, cookie };
    await quiet.post({ query, variables: { secretName: 'secret-variable' } }, headers);
    await quiet.post({ query, variables: { secretName: { secret: 'secret-variable' } } }, headers);
    await quiet.post('{"query": secret-body', headers);
  }
  const lines = JSON.stringify(quiet.log);
  expect(lines).toContain('Named');
  expect(lines).not.toMatch(/secret-|secretName/);
  for (const sent of tokens) expect(lines).not.toContain(sent.split('.')[2]);
});

test('a long operation name does not fill the log', async () => {
  for (const length of [256, 257, 60_000, 100_000])
    await graph.post({ query: `query ${'A'.repeat(length)} { books { id } }` });
  const lines = graph.log.slice(-4);
  expect(lines.map(({ status }) => status)).toEqual([200, 400, 400, 400]);
  for (const line of lines) expect(JSON.stringify(line).length).toBeLessThan(1_000);
});

test('counts rejected tokens by /64, the network of one customer', async () => {
  await using issuer = await startIssuer();
  await using guarded = await startSmallGraph({
    services: LIBRARY,
    config: `
listen: { trustedProxies: [127.0.0.1] }
authentication:
  rejectedTokensPerMinute: 3
  issuers: [{ issuer: "${issuer.issuer}", jwksUrl: "${issuer.jwksUrl}", audience: tributary }]`,
  });
  const token = await issuer.mint({ claims: { aud: 'another' } });
  const statuses: number[] = [];
  for (let host = 1; host <= 4; host++) {
    const headers = { authorization: `Bearer ${token}`, 'x-forwarded-for': `2001:db8::${host}` };
    statuses.push((await guarded.post(BODY, headers)).status);
  }
  expect(statuses).toEqual([401, 401, 401, 429]);
});

test('an operation sent without its name is warm after a swap', async () => {
  const body = { query: 'query Warm { books { id title } }' };
  await graph.post(body);
  const sdl = graph.services.get('books')?.sdl ?? '';
  await graph.publish(graph.supergraphYaml({ books: sdl.replace('pages: Int', 'pages: Int isbn: String') }));
  await graph.router.reload();
  const before = await planned();
  await graph.post(body);
  expect(await planned()).toBe(before);
});

async function planned(): Promise<string | undefined> {
  const metrics = await graph.router.telemetry.metrics.metrics();
  return /^tributary_planning_duration_seconds_count\{outcome="planned"\} (\d+)/m.exec(metrics)?.[1];
}

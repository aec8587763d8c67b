import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const QUERY = { query: '{ books { title } }' };

let graph: SmallGraph;
beforeAll(async () => {
  graph = await startSmallGraph({
    services: LIBRARY,
    config: 'limits: { bodyBytes: 4096 }\ncors: { origins: ["https://shop.example"], credentials: true }',
  });
});
afterAll(() => graph[Symbol.asyncDispose]());

async function code(response: Response): Promise<unknown> {
  const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
  return errors[0]?.extensions.code;
}

async function firstBook(body: unknown): Promise<unknown> {
  const { data } = (await (await graph.post(body)).json()) as { data: { books: unknown[] } };
  return data.books[0];
}

function raw(lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(graph.router.url);
  const socket = connect(Number(port), hostname);
  socket.write(lines.join('\r\n'));
  return text(socket);
}

describe('responds in JSON with a code to', () => {
  const rejected: readonly [string, RequestInit & { path?: string }, number, string][] = [
    ['an unknown path', { path: '/nothing' }, 404, 'NOT_FOUND'],
    [
      'another method',
      { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    [
      'malformed JSON',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":' },
      400,
      'BAD_REQUEST',
    ],
    [
      'a body that is null',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'null' },
      400,
      'BAD_REQUEST',
    ],
    [
      'a batch',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[{"query":"{__typename}"}]' },
      400,
      'BAD_REQUEST',
    ],
    [
      'a body over the limit',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: ' '.repeat(5000) },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a form',
      {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query={__typename}',
      },
      400,
      'CSRF_PREVENTED',
    ],
    [
      'plain text',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
      400,
      'CSRF_PREVENTED',
    ],
    ['a bare GET', { path: '/graphql?query={__typename}' }, 400, 'CSRF_PREVENTED'],
    [
      'XML',
      { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<a/>' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'another charset',
      { method: 'POST', headers: { 'content-type': 'application/json; charset=utf-7' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'an unknown content coding',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'compress' },
        body: 'x',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'two content codings',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip, gzip' },
        body: 'x',
      },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body in another content coding than declared',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: '{"query":"{ __typename }"}',
      },
      400,
      'BAD_REQUEST',
    ],
    [
      'an Accept of images',
      { method: 'POST', headers: { 'content-type': 'application/json', accept: 'image/png' }, body: '{}' },
      406,
      'NOT_ACCEPTABLE',
    ],
  ];
  test.each(rejected)('%s', async (_name, { path = '/graphql', ...init }, status, expected) => {
    const response = await fetch(new URL(path, graph.router.url), init);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('json');
    expect(await code(response)).toBe(expected);
  });

  test('bytes that are not HTTP', async () => {
    const received = await raw([
      'GET /graphql HTTP/1.1',
      'host: a',
      'content-length: 1',
      'content-length: 2',
      '',
      '',
    ]);
    expect(received).toContain('400 Bad Request');
    expect(received).toContain('"code":"BAD_REQUEST"');
  });

  test('a head over the limit', async () => {
    const received = await raw([
      'GET /graphql HTTP/1.1',
      'host: a',
      `x-large: ${'a'.repeat(20_000)}`,
      '',
      '',
    ]);
    expect(received).toContain('431 Request Header Fields Too Large');
  });

  test('a chunked body over the limit, before its end', async () => {
    const chunk = `2000\r\n${' '.repeat(0x2000)}\r\n`;
    const received = await raw([
      'POST /graphql HTTP/1.1',
      'host: a',
      'content-type: application/json',
      'transfer-encoding: chunked',
      '',
      chunk,
    ]);
    expect(received).toContain('413 Payload Too Large');
    expect(received).toContain('PAYLOAD_TOO_LARGE');
  });
});

describe('a request body', () => {
  const books = '{"data":{"books":[{"title":"Middlemarch"},{"title":"Moby-Dick"}]}}';
  const send = (coding: string, body: Buffer) =>
    fetch(graph.router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': coding },
      body: new Uint8Array(body),
    });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['IDENTITY', (bytes) => bytes],
    ['GZIP', gzipSync],
    ['x-gzip, identity', gzipSync],
    ['Deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('may have the content coding %s', async (coding, encode) => {
    const response = await send(coding, encode(Buffer.from(JSON.stringify(QUERY))));
    expect([response.status, (await response.text()).trim()]).toEqual([200, books]);
  });

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ])('is rejected if it expands beyond the limit: %s', async (coding, encode) => {
    const bomb = encode(Buffer.alloc(2_000_000, ' '));
    expect(bomb.length).toBeLessThan(4_096);
    const response = await send(coding, bomb);
    expect([response.status, await code(response)]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
  });

  test('is rejected under an unknown content coding, with the accepted ones', async () => {
    const response = await send('compress', Buffer.from('x'));
    expect([response.status, response.headers.get('accept-encoding')]).toEqual([
      415,
      'gzip, deflate, br, zstd',
    ]);
  });

  test.each(['100-continue', '100-Continue'])(
    'is requested when a client expects %s',
    async (expectation) => {
      const { hostname, port, host } = new URL(graph.router.url);
      const socket = connect(Number(port), hostname);
      const body = JSON.stringify(QUERY);
      const head = ['POST /graphql HTTP/1.1', `host: ${host}`, 'content-type: application/json'];
      const rest = ['connection: close', `content-length: ${body.length}`, `expect: ${expectation}`, '', ''];
      socket.write([...head, ...rest].join('\r\n'));
      const [interim] = (await once(socket, 'data')) as [Buffer];
      expect(interim.toString()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
      socket.write(body);
      expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    },
  );
});

describe('request id', () => {
  test('is kept when it is valid, and sent to every subgraph', async () => {
    const response = await graph.post(QUERY, { 'x-request-id': 'order-42.a', 'x-correlation-id': 'cart-7' });
    expect(response.headers.get('x-request-id')).toBe('order-42.a');
    const call = graph.services.get('books')?.calls.at(-1);
    expect(call?.headers).toMatchObject({ 'x-request-id': 'order-42.a', 'x-correlation-id': 'cart-7' });
  });

  test.each(['', 'a b', 'x'.repeat(129), 'a"b'])('is replaced when it is invalid: %j', async (id) => {
    const response = await graph.post(QUERY, { 'x-request-id': id });
    expect(response.headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/);
  });

  test('is in the log line of the request', async () => {
    await graph.post(QUERY, { 'x-request-id': 'logged-1' });
    const line = graph.log.find(({ requestId }) => requestId === 'logged-1');
    expect(line).toMatchObject({ msg: 'request', status: 200, operationType: 'query', method: 'POST' });
  });
});

test('passes the trace context on', async () => {
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await graph.post(QUERY, { traceparent });
  expect(graph.services.get('books')?.calls.at(-1)?.headers['traceparent']).toMatch(
    /^00-4bf92f3577b34da6a3ce929d0e0e4736-[\da-f]{16}-01$/,
  );
});

test('forwards only the configured headers of the client', async () => {
  const sent = {
    cookie: 'a=b',
    authorization: 'Basic abc',
    'x-user-id': '1',
    'x-user-roles': 'admin',
    'x-tenant-id': 't',
    'x-forwarded-for': '1.2.3.4',
    'x-other': 'y',
  };
  await graph.post(QUERY, sent);
  const received = graph.services.get('books')?.calls.at(-1)?.headers ?? {};
  expect(Object.keys(received).filter((name) => name in sent)).toEqual([]);
});

describe('cross-origin', () => {
  const preflight = (origin: string) =>
    fetch(graph.router.url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });

  test('allows a configured origin', async () => {
    const response = await preflight('https://shop.example');
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://shop.example',
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type',
      vary: 'accept, origin',
    });
  });

  test('does not allow another origin', async () => {
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const response = await graph.post(QUERY, { origin: 'https://evil.example' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('operations', () => {
  test('responds with 400 to an unknown operation name', async () => {
    const response = await graph.post({
      query: 'query a { books { id } } query b { books { id } }',
      operationName: 'c',
    });
    expect(response.status).toBe(400);
    expect(await code(response)).toBe('OPERATION_RESOLUTION_FAILURE');
  });

  test('two operations of one document never receive each other’s responses', async () => {
    const query = 'query a { books { id } } query b { books { title } }';
    for (let round = 0; round < 2; round++) {
      expect(await firstBook({ query, operationName: 'a' })).toEqual({
        id: '1',
      });
      expect(await firstBook({ query, operationName: 'b' })).toEqual({
        title: 'Middlemarch',
      });
    }
  });

  test('rejects a subscription', async () => {
    const response = await graph.post({ query: 'subscription { books { id } }' });
    expect(response.status).toBe(400);
  });

  test('rejects a mutation by GET', async () => {
    const response = await fetch(`${graph.router.url}?query=mutation{rename(id:1,title:"x"){id}}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test.each([
    ['a new operation', 'query A($id: ID!) { book(id: $id) { title } }'],
    ['a cached operation', 'query A($id: ID!) { book(id: $id) { title } }'],
  ])('names variables of the wrong type: %s', async (_name, query) => {
    const response = await graph.post({ query, variables: { id: {} } });
    expect(response.status).toBe(400);
    expect(await code(response)).toBe('BAD_USER_INPUT');
    await graph.post({ query, variables: { id: '1' } });
  });

  test('the first response and later ones are the same bytes', async () => {
    const body = { query: '{ books { title reviews { text book { id } } } newest { text } }' };
    const first = await (await graph.post(body)).text();
    const second = await (await graph.post(body)).text();
    expect(second).toBe(first);
  });
});

test('serves a Sandbox page in development', async () => {
  const response = await fetch(new URL('/sandbox', graph.router.url), { headers: { accept: 'text/html' } });
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(await response.text()).toContain('EmbeddedSandbox');
});

test('hides Sandbox, introspection and suggestions in production', async () => {
  await using production = await startSmallGraph({ services: LIBRARY, config: 'mode: production' });
  expect((await fetch(new URL('/', production.router.url))).status).toBe(404);
  const introspected = await production.query('{ __schema { queryType { name } } }');
  expect(introspected.errors?.[0]?.message).toContain('supergraph.introspection');
  const misspelt = await production.query('{ boks { id } }');
  expect(misspelt.errors?.[0]?.message).not.toContain('Did you mean');
});

test('serves metrics on a port of its own', async () => {
  expect((await fetch(new URL('/metrics', graph.router.url))).status).toBe(404);
  const metrics = await (await fetch(new URL('/metrics', graph.router.adminUrl))).text();
  expect(metrics).toContain('http_server_request_duration_seconds');
});

// Containers often have no IPv6 address.
const HAS_IPV6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);

test.runIf(HAS_IPV6)('also listens on an IPv6 address', async () => {
  await using six = await startSmallGraph({
    services: LIBRARY,
    config: 'listen: { host: "::1" }\nadmin: { host: "::1" }',
  });
  expect(new URL(six.router.url).hostname).toBe('[::1]');
  expect(await six.query('{ books { title } }')).toHaveProperty('data.books');
  expect((await fetch(new URL('/metrics', six.router.adminUrl))).status).toBe(200);
});

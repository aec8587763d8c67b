import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listenAlone } from '../support/graphs/listen-alone.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

const QUERY = JSON.stringify({ query: '{ books { title } }' });
const JSON_BODY = { 'content-type': 'application/json' };

const SECURITY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};
const STANDING = {
  ...SECURITY,
  'strict-transport-security': 'max-age=600; includeSubDomains',
  'x-powered-by': 'water',
};

let issuer: Issuer;
let graph: SmallGraph;
beforeAll(async () => {
  issuer = await startIssuer();
  graph = await startSmallGraph({
    services: LIBRARY,
    config: `
      limits: { bodyBytes: 4096 }
      authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
      headers:
        response:
          - insert: { name: x-powered-by, value: water }
          - insert: { name: x-removed, value: never }
          - insert: { name: cache-control, value: "max-age=60" }
          - remove: { named: x-removed }
      response: { hsts: { maxAgeS: 600, includeSubDomains: true } }`,
  });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

/** Sends these bytes and returns all bytes of the response until the connection ends. */
async function raw(url: string | undefined, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url ?? '');
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write(lines.join('\r\n'));
  const received = await text(socket);
  socket.destroy();
  return received;
}

function parse(response: string) {
  const [head = '', body = ''] = response.split('\r\n\r\n');
  const [status = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => [line.split(': ')[0]?.toLowerCase(), line.split(': ')[1]]);
  return { status: Number(status.split(' ')[1]), headers: Object.fromEntries(headers), body };
}

describe('security headers and inserted headers are on', () => {
  const responses: readonly [string, RequestInit & { path?: string }, number, (string | null)?][] = [
    [
      'the first response of an operation',
      { method: 'POST', headers: JSON_BODY, body: QUERY },
      200,
      'max-age=60',
    ],
    ['later ones', { method: 'POST', headers: JSON_BODY, body: QUERY }, 200, 'max-age=60'],
    ['a preflight', { method: 'OPTIONS' }, 204, null],
    ['health', { path: '/health' }, 200],
    ['malformed JSON', { method: 'POST', headers: JSON_BODY, body: '{' }, 400],
    ['a syntax error', { method: 'POST', headers: JSON_BODY, body: '{"query":"{"}' }, 400],
    ['an unknown field', { method: 'POST', headers: JSON_BODY, body: '{"query":"{ nothing }"}' }, 400],
    [
      'a rejected token',
      { method: 'POST', headers: { ...JSON_BODY, authorization: 'Bearer x' }, body: QUERY },
      401,
    ],
    ['an unknown path', { path: '/nothing' }, 404],
    ['another method', { method: 'PUT', headers: JSON_BODY, body: '{}' }, 405],
    ['a body over the limit', { method: 'POST', headers: JSON_BODY, body: ' '.repeat(5000) }, 413],
  ];
  test.for(responses)('%s', async ([, { path = '/graphql', ...init }, status, caching = 'no-store']) => {
    const response = await fetch(new URL(path, graph.router.url), init);
    expect(response.status).toBe(status);
    expect(Object.fromEntries(response.headers)).toMatchObject(STANDING);
    expect(response.headers.has('x-removed')).toBe(false);
    expect(response.headers.get('cache-control')).toBe(caching);
  });

  test.for([
    [
      'bytes that are not HTTP',
      ['GET /graphql HTTP/1.1', 'host: a', 'a b: c', '', ''],
      400,
      'BAD_REQUEST',
      false,
    ],
    [
      'a head over the limit',
      ['GET / HTTP/1.1', 'host: a', `x-a: ${'a'.repeat(20_000)}`, '', ''],
      431,
      'HEADERS_TOO_LARGE',
      false,
    ],
    [
      'a request without Host',
      ['GET /health HTTP/1.1', 'connection: close', '', ''],
      400,
      'BAD_REQUEST',
      true,
    ],
  ] as const)('%s', async ([, lines, status, code, hasId]) => {
    const response = parse(await raw(graph.router.url, lines));
    expect(response).toMatchObject({
      status,
      headers: {
        ...STANDING,
        'cache-control': 'no-store',
        'content-type': 'application/json; charset=utf-8',
      },
      body: expect.stringContaining(`"code":"${code}"`),
    });
    expect([response.body.includes('"requestId"'), 'x-request-id' in response.headers]).toEqual([
      hasId,
      hasId,
    ]);
  });

  test('a request with two Host headers, whose error contains the request id', async () => {
    const lines = ['GET / HTTP/1.1', 'host: a', 'host: b', 'x-request-id: r-1', 'connection: close', '', ''];
    const { headers, body } = parse(await raw(graph.router.url, lines));
    expect(headers).toMatchObject({ ...STANDING, 'x-request-id': 'r-1' });
    expect(JSON.parse(body)).toHaveProperty('errors.0.extensions.requestId', 'r-1');
  });

  test('a request that takes too long', async () => {
    await using server = await listenAlone(
      'listen: { port: 0, headersTimeoutMs: 100, requestTimeoutMs: 100 }',
    );
    const response = parse(await raw(server.url, ['POST /graphql HTTP/1.1', 'host: a', '']));
    expect(response).toMatchObject({
      status: 408,
      headers: { ...SECURITY, 'cache-control': 'no-store' },
      body: expect.stringContaining('REQUEST_TIMEOUT'),
    });
  });
});

test('closes a connection after its last request, and does not respond to later ones on it', async () => {
  await using server = await listenAlone('listen: { maxRequestsPerConnection: 2 }');
  const request = ['GET /health HTTP/1.1', 'host: a', '', ''].join('\r\n');
  const received = await raw(server.url, [request.repeat(4)]);
  const responses = received.split('HTTP/1.1 ').slice(1);
  expect(responses.map((response) => response.slice(0, 3))).toEqual(['200', '200']);
  expect(responses.map((response) => /connection: close/i.test(response))).toEqual([false, true]);
});

test('on the admin port every response has security headers and is not stored', async () => {
  const { adminUrl } = graph.router;
  const expected = { ...SECURITY, 'cache-control': 'no-store' };
  const asked: readonly [string, RequestInit, number][] = [
    ['/metrics', {}, 200],
    ['/state', {}, 200],
    ['/health', {}, 200],
    ['/nothing', {}, 404],
    ['/state', { headers: { origin: 'https://evil.example' } }, 403],
    ['/breakers/books', {}, 405],
  ];
  for (const [path, init, status] of asked) {
    const response = await fetch(new URL(path, adminUrl), init);
    expect([path, response.status]).toEqual([path, status]);
    expect(Object.fromEntries(response.headers)).toMatchObject(expected);
  }
  const malformed = parse(await raw(adminUrl, ['GET /state HTTP/1.1', 'host: a', 'a b: c', '', '']));
  expect(malformed).toMatchObject({ status: 400, headers: expected });
  const expecting = ['GET /health HTTP/1.1', 'host: 127.0.0.1', 'expect: tea', 'connection: close', '', ''];
  expect(parse(await raw(adminUrl, expecting))).toMatchObject({ status: 200, headers: expected });
});

test.for(['router', 'admin'] as const)(
  'on the %s port a request with two Host headers or a malformed one is rejected',
  async (port) => {
    const url = port === 'router' ? graph.router.url : graph.router.adminUrl;
    const ask = async (...hosts: readonly string[]) => {
      const lines = ['GET /health HTTP/1.1', ...hosts, 'connection: close', '', ''];
      const { status, body } = parse(await raw(url, lines));
      return status === 200 ? 200 : `${status} ${/the[^"]*Host[^"]*|there[^"]*Host[^"]*/.exec(body)?.[0]}`;
    };
    expect(await ask('host: 127.0.0.1', 'host: 127.0.0.1')).toBe(
      '400 the request has more than one Host header',
    );
    expect(await ask('Host: 127.0.0.1', 'HOST: evil.example')).toBe(
      '400 the request has more than one Host header',
    );
    expect(await ask('host: 127.0.0.1, evil.example')).toMatch(/^400 the Host header is not a host name/);
    expect(await ask('host: user@127.0.0.1')).toMatch(/^400 the Host header is not a host name/);
    expect(await ask()).toBe('400 the Host header is missing');
    for (const host of ['127.0.0.1', 'localhost:4000', '[::1]:4000'])
      expect(await ask(`host: ${host}`)).toBe(200);
  },
);

test('the admin port has the same time limits as the other one', async () => {
  await using slow = await startSmallGraph({
    services: { books: { sdl: 'type Query { a: Int }', resolvers: {} } },
    config: 'listen: { headersTimeoutMs: 100, requestTimeoutMs: 100 }',
  });
  const response = parse(await raw(slow.router.adminUrl, ['GET /state HTTP/1.1', 'host: 127.0.0.1', '']));
  expect(response).toMatchObject({ status: 408, headers: SECURITY });
});

describe('a 401 contains a challenge as defined by RFC 6750', () => {
  const ask = async (authorization: string) => {
    const response = await graph.post(QUERY, { authorization, origin: 'http://localhost:3000' });
    return [response.status, response.headers.get('www-authenticate')];
  };
  const withError = (description: string) =>
    `Bearer realm="tributary", error="invalid_token", error_description="${description}"`;

  test('with an error when a token was sent', async () => {
    const expired = await issuer.mint({ claims: { exp: 1 } });
    expect(await ask(`Bearer ${expired}`)).toEqual([401, withError('The access token has expired.')]);
    const foreign = await issuer.mint({ claims: { iss: 'https://other.example' } });
    expect(await ask(`Bearer ${foreign}`)).toEqual([
      401,
      withError('the issuer of the token is not trusted'),
    ]);
  });

  test('without an error when no token was sent', async () => {
    expect(await ask('Basic YTpi')).toEqual([401, 'Bearer realm="tributary"']);
  });

  test('so does the 403 of an operation that needs more scopes', async () => {
    await using strict = await startSmallGraph({
      services: {
        books: { sdl: 'type Query { a: Int @federation__requiresScopes(scopes: [["a"]]) }', resolvers: {} },
      },
      config: `
        authorization: { mode: reject }
        authentication:
          issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]`,
    });
    const authorization = `Bearer ${await issuer.mint()}`;
    const response = await strict.post({ query: '{ a }' }, { authorization });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([
      403,
      expect.stringMatching(/^Bearer realm="tributary", error="insufficient_scope"/),
    ]);
  });
});

test('markup that a client sends is returned in JSON only', async () => {
  const markup = '<script>alert(1)</script>';
  const asked = [
    fetch(new URL(`/${encodeURIComponent(markup)}`, graph.router.url)),
    graph.post({ query: `{ books(a: "${markup}") }` }),
    graph.post({ query: markup }),
    graph.post({ query: '{ books { title } }', operationName: markup }),
  ];
  for (const response of await Promise.all(asked)) {
    expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.json()).toHaveProperty('errors');
  }
});

import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { json, encoded, reset, startStubSubgraph, status, text } from '../support/subgraphs/stub-subgraph.ts';
import { callHeaders, poolOf, recorder } from '../support/subgraphs/subgraph-pool.ts';

const healthy = json({ data: { a: 1 } });

describe('a call', () => {
  it('has the context headers, the signature, and the headers of GraphQL over HTTP', async () => {
    await using subgraph = await startStubSubgraph(() => healthy);
    await using one = poolOf(
      [`${subgraph.url}?tenant=1`],
      {},
      { signer: { sign: ({ audience, body }) => ({ signature: `${audience}:${body}` }) } },
    );
    await one.call({ headers: { 'x-user-id': 'u1', 'x-request-id': 'r1' } });
    const [request] = subgraph.requests;
    expect(request?.path).toBe('/graphql?tenant=1');
    expect(request?.body).toBe('{"query":"query{a}"}');
    expect(request?.headers).toEqual({
      host: new URL(subgraph.url).host,
      connection: 'keep-alive',
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json',
      'x-user-id': 'u1',
      'x-request-id': 'r1',
      signature: 'inventory:{"query":"query{a}"}',
      'x-request-timeout-ms': '2000',
      'content-length': '20',
    });
  });

  it('drops hop-by-hop headers and credentials from the context', async () => {
    await using subgraph = await startStubSubgraph(() => healthy);
    await using one = poolOf([subgraph.url]);
    const response = await one.call({
      headers: {
        Connection: 'x-user-id',
        'Transfer-Encoding': 'chunked',
        'content-length': '3',
        te: 'trailers',
        Authorization: 'Bearer secret',
        cookie: 'secret',
        'x-user-id': 'u1',
      },
    });
    expect(response.kind).toBe('received');
    expect(subgraph.requests[0]?.headers).toMatchObject({ connection: 'keep-alive', 'x-user-id': 'u1' });
    expect(JSON.stringify(subgraph.requests)).not.toContain('secret');
  });

  it('has a new signature for each attempt', async () => {
    let tries = 0;
    await using subgraph = await startStubSubgraph((_, index) => (index === 0 ? reset() : healthy));
    await using one = poolOf(
      [subgraph.url],
      {},
      { signer: { sign: () => ({ signature: `nonce-${(tries += 1)}` }) } },
    );
    expect(await one.call()).toMatchObject({ kind: 'received' });
    expect(subgraph.requests.map(({ headers }) => headers['signature'])).toEqual(['nonce-1', 'nonce-2']);
    expect(one.events).toEqual(['retried', 'called OK']);
  });

  it('fails if the router itself throws when the response has arrived', async () => {
    await using subgraph = await startStubSubgraph(() => healthy);
    await using one = poolOf([subgraph.url], {}, { telemetry: { ...recorder([]), subgraphCalled: bug } });
    await expect(one.call()).rejects.toThrow('a bug');
    await expect(one.call()).rejects.toThrow('a bug');
    expect(one.pool.state()[0]).toMatchObject({ inFlight: 0, breaker: 'closed' });
  });

  it('announces the router’s remaining time: its timeout, or the rest of the client request', async () => {
    await using subgraph = await startStubSubgraph((_, index) => (response, request) => {
      if (index === 2) one.clock.advance(300);
      if (index === 2) reset()(response, request);
      else healthy(response, request);
    });
    await using one = poolOf([subgraph.url], { timeoutMs: 1_000 });
    // Forwarded from the client, and replaced by the router’s own value.
    await one.call({ headers: { 'X-Request-Timeout-Ms': '99999' } });
    await one.call({ deadline: 250.7 });
    await one.call();
    const announced = subgraph.requests.map(({ headers }) => headers['x-request-timeout-ms']);
    expect(announced).toEqual(['1000', '250', '1000', '700']);
  });

  it.each([
    ['a header that HTTP does not allow', { headers: { 'x-user-id': 'a\r\nb: c' } }, {}],
    ['a signer that fails', {}, { signer: { sign: () => fail() } }],
  ])('with %s fails without a failure of the subgraph', async (_, call, parts) => {
    await using subgraph = await startStubSubgraph(() => healthy);
    await using one = poolOf([subgraph.url], { breaker: { consecutiveFailures: 1 } }, parts);
    expect(await one.fail(call)).toEqual({
      code: 'INTERNAL_SERVER_ERROR',
      service: 'inventory',
      message: 'the call to inventory could not be made',
      breaker: 'closed',
      isUnsent: true,
    });
    expect(subgraph.requests).toHaveLength(0);
  });

  it('to a subgraph without an address fails', async () => {
    await using one = poolOf(['http://127.0.0.1:1/']);
    await using routes = one.pool.forGeneration(new Map());
    const request = { subgraph: 'constructor', operation: 'query', body: '{}' } as const;
    const response = await routes.send(
      request,
      { headers: callHeaders({}), deadline: 1 },
      new AbortController().signal,
    );
    expect(response).toMatchObject({
      kind: 'failed',
      failure: { code: 'SUBGRAPH_UNAVAILABLE', isUnsent: true },
    });
  });
});

describe('a response', () => {
  it('keeps data and errors side by side, and counts as healthy', async () => {
    const errors = [
      { message: 'no stock', path: ['a', 0], extensions: { code: 'CONFLICT' }, locations: [{ line: 1 }] },
    ];
    await using subgraph = await startStubSubgraph(() =>
      json({ data: { a: null }, errors, extensions: { x: 1 } }),
    );
    await using one = poolOf([subgraph.url], { breaker: { consecutiveFailures: 1 } });
    for (let call = 0; call < 3; call += 1) {
      expect(await one.call()).toEqual({
        kind: 'received',
        data: { a: null },
        errors: [{ message: 'no stock', path: ['a', 0], extensions: { code: 'CONFLICT' } }],
      });
    }
  });

  it('of errors alone with status 400 is a GraphQL response', async () => {
    const errors = [{ message: 'bad input', extensions: { code: 'BAD_USER_INPUT' } }];
    await using subgraph = await startStubSubgraph(() => status(400, { errors }));
    await using one = poolOf([subgraph.url]);
    expect(await one.call()).toEqual({ kind: 'received', data: null, errors });
  });

  it('may have either JSON media type, with parameters', async () => {
    const types = [
      'application/graphql-response+json; charset=utf-8',
      'Application/JSON',
      'application/json ; a=b',
    ];
    await using subgraph = await startStubSubgraph((_, index) =>
      json({ data: { a: 1 } }, { 'content-type': types[index] ?? '' }),
    );
    await using one = poolOf([subgraph.url]);
    for (const _ of types) expect(await one.call()).toMatchObject({ kind: 'received' });
  });

  it('with __proto__ keys changes no prototype', async () => {
    const hostile =
      '{"data":{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}},"__proto__":{"errors":[]}}';
    await using subgraph = await startStubSubgraph(() => text(hostile));
    await using one = poolOf([subgraph.url]);
    for (let call = 0; call < 1_000; call += 1) await one.call();
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  it('may be preceded by an interim response', async () => {
    await using subgraph = await startStubSubgraph(() => (response, request) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' }, () => healthy(response, request));
    });
    await using one = poolOf([subgraph.url]);
    expect(await one.call()).toMatchObject({ data: { a: 1 } });
  });

  it.each([
    ['nothing but blanks and identity', ' Identity , identity', (bytes: Buffer) => bytes],
    ['GZIP', 'GZIP', gzipSync],
    ['x-gzip and identity', 'x-gzip, identity', gzipSync],
    ['deflate', 'Deflate', deflateSync],
    ['br', 'Br', brotliCompressSync],
    ['zstd', 'ZSTD', zstdCompressSync],
  ])('may have the content coding %s', async (_, coding, encode) => {
    await using subgraph = await startStubSubgraph(() => encoded(coding, (bytes) => encode(bytes)));
    await using one = poolOf([subgraph.url]);
    expect(await one.call()).toMatchObject({ kind: 'received', data: { a: 1 } });
  });

  it.each([
    ['at once', (head: string) => [head]],
    ['byte by byte', (head: string) => head.split('')],
  ])('may be preceded by interim responses that arrive %s, on a connection that is kept', async (_, cut) => {
    const interim =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nx: 1\r\n\r\nHTTP/1.1 100 \r\n\r\n';
    // Text that looks like an interim response: only those before a response are removed.
    const text = 'HTTP/1.1 100 Continue';
    const body = JSON.stringify({ data: { a: text } });
    const final = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      // Each request arrives in one piece.
      socket
        .setNoDelay(true)
        .on('data', () => void writeApart(socket, [...cut(interim + final), ...cut(body)]));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    {
      await using one = poolOf([`http://127.0.0.1:${port}/graphql`]);
      for (let call = 0; call < 3; call += 1)
        expect(await one.call()).toMatchObject({ kind: 'received', data: { a: text } });
      expect(connections).toBeLessThanOrEqual(2);
    }
    await new Promise((resolve) => server.close(resolve));
  });

  it('may be split anywhere, also within a character', async () => {
    const body = Buffer.from('{"data":{"a":"Grüße"}}');
    await using subgraph = await startStubSubgraph(() => (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(body.subarray(0, 17), () => response.end(body.subarray(17)));
    });
    await using one = poolOf([subgraph.url]);
    expect(await one.call()).toMatchObject({ data: { a: 'Grüße' } });
  });
});

async function writeApart(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await setImmediate();
  }
}

function fail(): never {
  throw new Error('not a header value');
}

function bug(): never {
  throw new Error('a bug');
}

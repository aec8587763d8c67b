import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const POLL = { timeout: 20_000, interval: 20 };

let graph: SmallGraph;
let release = () => {};
beforeAll(async () => {
  const released = new Promise<void>((resolve) => (release = resolve));
  graph = await startSmallGraph({
    services: {
      only: {
        sdl: 'type Query { ping: String held: String }',
        resolvers: { Query: { ping: () => 'pong', held: () => released.then(() => 'held') } },
      },
    },
    config:
      'listen: { headersTimeoutMs: 400, requestTimeoutMs: 400 }\ntraffic: { all: { timeoutMs: 60000 } }',
  });
});
afterAll(() => graph[Symbol.asyncDispose]());

function open(url: string | undefined, sent: string): Socket {
  const { hostname, port } = new URL(url ?? '');
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  socket.write(sent);
  return socket;
}

function head(path: string, ...headers: readonly string[]): string {
  const all = ['host: 127.0.0.1', 'content-type: application/json', ...headers];
  return [`POST ${path} HTTP/1.1`, ...all, '', ''].join('\r\n');
}

/** Returns a request without the end of its body. */
function unfinished(id: string): string {
  return `${head('/graphql', `x-request-id: ${id}`, 'content-length: 99')}{"query"`;
}

/** Returns the responses on a connection, in order, when the router has closed it. */
async function responsesOn(socket: Socket) {
  const received = await text(socket);
  socket.destroy();
  return received
    .split(/(?=HTTP\/1\.1 \d)/)
    .map((response) => response.split('\r\n\r\n'))
    .map(([lines = '', body = '']) => ({
      status: Number(lines.slice(9, 12)),
      closes: /^connection: close$/im.test(lines),
      requestId: /^x-request-id: (.*)$/im.exec(lines)?.[1],
      // The JSON without the lengths of chunks.
      body: JSON.parse(/\{.*\}/.exec(body)?.[0] ?? ''),
    }));
}

function logged(requestId: string): unknown {
  return graph.log.find((line) => line['msg'] === 'request' && line['requestId'] === requestId);
}

test('responds with 408 to a body that does not arrive in time, and logs and counts each by its id', async () => {
  const ids = Array.from({ length: 50 }, (_, index) => `late-${index}`);
  const received = await Promise.all(ids.map((id) => responsesOn(open(graph.router.url, unfinished(id)))));
  for (const [index, responses] of received.entries()) {
    const requestId = ids[index] ?? '';
    expect(responses).toEqual([
      {
        status: 408,
        closes: true,
        requestId,
        body: {
          errors: [
            {
              message: 'The request was not received in time.',
              extensions: { code: 'REQUEST_TIMEOUT', requestId },
            },
          ],
        },
      },
    ]);
    expect(logged(requestId)).toMatchObject({ status: 408, codes: ['REQUEST_TIMEOUT'] });
  }
  const metrics = await (await fetch(new URL('/metrics', graph.router.adminUrl))).text();
  expect(metrics).toMatch(
    /http_server_request_duration_seconds_count\{[^}]*http_response_status_code="408",[^}]*\} 50\n/,
  );
});

test('responds with 400 to a body that is not valid HTTP, and logs it', async () => {
  const sent = `${head('/graphql', 'x-request-id: chunks', 'transfer-encoding: chunked')}zz\r\n`;
  const socket = open(graph.router.url, sent);
  // Further bytes on the connection change nothing.
  socket.write('more');
  expect(await responsesOn(socket)).toMatchObject([
    { status: 400, body: { errors: [{ extensions: { code: 'BAD_REQUEST', requestId: 'chunks' } }] } },
  ]);
  expect(logged('chunks')).toMatchObject({ status: 400, codes: ['BAD_REQUEST'] });
});

test('a client that ends its connection within a body is logged as 499', async () => {
  open(graph.router.url, unfinished('gone')).end();
  await expect.poll(() => logged('gone'), POLL).toMatchObject({ status: 499, codes: ['REQUEST_CANCELLED'] });
});

test('the response to a late body follows those of the requests before it', async () => {
  const body = '{"query":"{ held }"}';
  const before = `${head('/graphql', 'x-request-id: before', `content-length: ${body.length}`)}${body}`;
  const responses = responsesOn(open(graph.router.url, before + unfinished('after')));
  await expect.poll(() => logged('after'), POLL).toMatchObject({ status: 408 });
  release();
  expect(await responses).toMatchObject([
    { status: 200, body: { data: { held: 'held' } } },
    { status: 408, body: { errors: [{ extensions: { requestId: 'after' } }] } },
  ]);
});

test('a head that does not arrive in time, after a whole request, has a 408 of its own', async () => {
  const body = '{"query":"{ ping }"}';
  const socket = open(graph.router.url, head('/graphql', `content-length: ${body.length}`) + body);
  socket.once('data', () => socket.write('POST /graphql HTTP/1.1\r\n'));
  expect(await responsesOn(socket)).toMatchObject([
    { status: 200, body: { data: { ping: 'pong' } } },
    { status: 408, body: { errors: [{ extensions: { code: 'REQUEST_TIMEOUT' } }] } },
  ]);
});

test('the response to an invalid request follows those of the requests before it', async () => {
  const whole = (id: string, query: string) => {
    const body = JSON.stringify({ query });
    return `${head('/graphql', `x-request-id: ${id}`, `content-length: ${body.length}`)}${body}`;
  };
  const sent = `${whole('first', '{ ping }')}${whole('second', '{ __typename }')}no HTTP\r\n\r\n`;
  const socket = open(graph.router.url, sent);
  // Further bytes on the connection change nothing.
  socket.write('more');
  expect(await responsesOn(socket)).toMatchObject([
    { status: 200, requestId: 'first', body: { data: { ping: 'pong' } } },
    { status: 200, requestId: 'second', body: { data: { __typename: 'Query' } } },
    { status: 400, closes: true, body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] } },
  ]);
});

test('bytes after a request with `Connection: close` do not replace its response', async () => {
  const body = '{"query":"{ ping }"}';
  const headers = ['x-request-id: last', 'connection: close', `content-length: ${body.length}`];
  const whole = head('/graphql', ...headers) + body;
  expect(await responsesOn(open(graph.router.url, whole.repeat(2)))).toMatchObject([
    { status: 200, closes: true, requestId: 'last', body: { data: { ping: 'pong' } } },
  ]);
});

test('on the admin port a late body has a 408 that closes the connection', async () => {
  const sent = `${head('/breakers/only', 'content-length: 99')}{"state"`;
  expect(await responsesOn(open(graph.router.adminUrl, sent))).toMatchObject([
    { status: 408, closes: true, body: { error: 'The request was not received in time.' } },
  ]);
});

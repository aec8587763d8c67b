import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type {
  RequestController,
  ResponseHandler,
} from '../../router/subgraph/transport/http1/connection-pool.ts';
import { OutgoingRequest } from '../../router/subgraph/transport/http1/outgoing-request.ts';
import { Http1Pool } from '../../router/subgraph/transport/http1/pool.ts';
import { randomOf } from '../differential/random.ts';
import { callHeaders } from '../support/subgraphs/subgraph-pool.ts';

const OK = 'HTTP/1.1 200 OK\r\n';
const POISON = `${OK}content-length: 6\r\n\r\npoison`;

type Request = {
  readonly socket: Socket;
  /** Text that the request has sent, and that its response must contain. */
  readonly tag: string;
};
type Behaviour = (request: Request) => unknown;

const sized = (body: string, head = OK) => `${head}content-length: ${body.length}\r\n\r\n${body}`;
const chunked = (parts: readonly string[]) =>
  `${OK}transfer-encoding: chunked\r\n\r\n${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`;

async function writeParts(socket: Socket, text: string, size: number): Promise<void> {
  for (let at = 0; at < text.length && !socket.destroyed; at += size) {
    socket.write(text.slice(at, at + size), 'latin1');
    await nextTurn();
  }
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'responds at once': ({ socket, tag }) => socket.write(sized(tag)),
  'sends single bytes': ({ socket, tag }) => writeParts(socket, sized(tag), 1),
  'sends chunks in single bytes': ({ socket, tag }) => writeParts(socket, chunked(tag.split('')), 1),
  'sends a long body in parts': ({ socket, tag }) => writeParts(socket, sized(tag.repeat(5_000)), 6_000),
  'sends a compressed body in parts': ({ socket, tag }) =>
    writeParts(socket, sized(tag.repeat(2_000), `${OK}content-encoding: gzip\r\n`), 2_000),
  'sends interim responses first': ({ socket, tag }) =>
    socket.write(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50)}${sized(tag)}`),
  'never ends its interim responses': async ({ socket }) => {
    while (!socket.destroyed) await writeParts(socket, 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20), 8);
  },
  'never ends its head': async ({ socket }) => {
    socket.write(OK);
    while (!socket.destroyed) await writeParts(socket, 'x: y\r\n'.repeat(500), 100_000);
  },
  'sends a second response in the same packet': ({ socket, tag }) => socket.write(sized(tag) + POISON),
  'sends a second response in the next packet': ({ socket, tag }) => {
    socket.write(sized(tag));
    socket.write(POISON);
  },
  'sends a second response one turn later': async ({ socket, tag }) => {
    socket.write(sized(tag));
    await nextTurn();
    socket.write(POISON);
  },
  'closes without a response': ({ socket }) => socket.end(),
  resets: ({ socket }) => socket.resetAndDestroy(),
  'closes within the head': ({ socket, tag }) => socket.end(sized(tag).slice(0, 20)),
  'closes within the body': ({ socket, tag }) => socket.end(sized(tag).slice(0, -2)),
  'closes within the chunks': ({ socket, tag }) => socket.end(chunked([tag]).slice(0, -2)),
  'closes after the response': ({ socket, tag }) => socket.end(sized(tag)),
  'resets after the response': ({ socket, tag }) => socket.write(sized(tag), () => socket.resetAndDestroy()),
  'ends the body by closing': ({ socket, tag }) => socket.end(`${OK}\r\n${tag}`),
  'is not HTTP': ({ socket }) => socket.write('220 mail.example ESMTP\r\n'),
  'does not respond': () => new Promise(() => undefined),
};

/** Behaviours of servers that send more responses than requests, which no client can tell in a batch. */
const UNALIGNED = /second response/;

/** Starts a server that processes the requests of a connection one after another. */
async function startServer(behave: Behaviour, sockets = new Set<Socket>()) {
  // With Nagle's algorithm a second response could arrive much later than the first one.
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    let text = '';
    let previous: unknown;
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      for (const [request, tag = ''] of text.matchAll(/[^<]*\r\n\r\n(<\d+>)/g)) {
        text = text.slice(request.length);
        previous =
          previous === undefined
            ? behave({ socket, tag })
            : Promise.resolve(previous).then(() => behave({ socket, tag }));
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

type Outcome = { readonly kind: 'response'; readonly body: string } | { readonly kind: 'error' };
type Sent = { readonly outcome: Promise<Outcome>; abort(): void; readonly settlements: () => number };

function send(pool: Http1Pool, tag: string): Sent {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  let controller: RequestController | undefined;
  let settlements = 0;
  let isAborted = false;
  const chunks: Buffer[] = [];
  const settle = (outcome: Outcome) => {
    if (isAborted) return;
    settlements += 1;
    resolve(outcome);
  };
  const request = { path: '/', shared: callHeaders({}), signature: {}, timeoutMs: 900, bodyText: tag };
  const handler: ResponseHandler = {
    get isEnded() {
      return isAborted;
    },
    onRequestStart: (own) => {
      if (isAborted) throw new Error('aborted');
      controller = own;
    },
    onResponseStart: () => undefined,
    onResponseData: (_, chunk) => void chunks.push(chunk),
    onResponseEnd: () => settle({ kind: 'response', body: Buffer.concat(chunks).toString() }),
    repeat: () => pool.dispatch(new OutgoingRequest({ ...request, isRepeatable: false }), handler),
    onResponseError: () => settle({ kind: 'error' }),
  };
  pool.dispatch(new OutgoingRequest({ ...request, isRepeatable: true }), handler);
  return {
    outcome: promise,
    settlements: () => settlements,
    abort() {
      if (settlements > 0) return;
      settle({ kind: 'error' });
      isAborted = true;
      controller?.abort(new Error('aborted'));
    },
  };
}

const OPTIONS = { connections: 50, connectTimeoutMs: 5_000, keepAliveMs: 30_000 };

/** Sends requests to servers that behave at random, and aborts some of them at random. */
async function sendAll(behaviours: readonly Behaviour[], count: number, pipelining: number) {
  const random = randomOf(`hostile servers ${count}`);
  await using server = await startServer((request) => random.maybePick(behaviours)?.(request));
  const pool = new Http1Pool(server.url, { ...OPTIONS, pipelining });
  const calls = Array.from({ length: count }, (_, index) => ({
    tag: `<${index}>`,
    sent: send(pool, `<${index}>`),
  }));
  // Requests are aborted while they wait, while they are sent, and during their responses. Most others end.
  while (calls.some(({ sent }) => sent.settlements() === 0)) {
    await nextTurn();
    expect(pool.stats.connected).toBeLessThanOrEqual(OPTIONS.connections);
    random.maybePick(calls)?.sent.abort();
  }
  const foreign = [];
  let responses = 0;
  for (const { tag, sent } of calls) {
    const outcome = await sent.outcome;
    expect(sent.settlements()).toBe(1);
    if (outcome.kind === 'error') continue;
    responses += 1;
    if (outcome.body.replaceAll(tag, '') !== '') foreign.push([tag, outcome.body.slice(0, 100)]);
  }
  expect(foreign).toEqual([]);
  await pool.close();
  expect(pool.stats).toEqual({ connected: 0, free: 0, pending: 0, running: 0 });
  return responses;
}

describe('hostile servers of the built-in HTTP/1.1 client', () => {
  it('never receives the response to another request, and ends every request once', async () => {
    expect(await sendAll(Object.values(BEHAVIOURS), 400, 1)).toBeGreaterThan(40);
  });

  it('nor when requests are sent together, unless a server sends more responses than requests', async () => {
    const aligned = Object.entries(BEHAVIOURS).filter(([name]) => !UNALIGNED.test(name));
    let responses = 0;
    // A pool sends its requests together until the first fault.
    for (let count = 10; count < 44; count += 1)
      responses += await sendAll(
        aligned.map(([, behave]) => behave),
        count,
        16,
      );
    expect(responses).toBeGreaterThan(100);
  });
});

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { OutgoingRequest } from '../../../router/subgraph/transport/http1/outgoing-request.ts';
import { createClock } from '../time/clock.ts';
import { callHeaders } from './subgraph-pool.ts';
import { Http1Pool } from '../../../router/subgraph/transport/http1/pool.ts';
import type {
  RequestController,
  ResponseHandler,
} from '../../../router/subgraph/transport/http1/connection-pool.ts';

export const HEAD = 'HTTP/1.1 200 OK\r\n';

export type Server = AsyncDisposable & {
  readonly url: URL;
  readonly sockets: readonly Socket[];
  /** Returns the connection on which the next request arrives, when its head has arrived. */
  next(): Promise<Arrived>;
};

export type Arrived = { readonly socket: Socket; readonly text: string };

/** Starts a server that shows the bytes of each request and lets the test write the response. */
export async function startServer(): Promise<Server> {
  const sockets: Socket[] = [];
  const arrived: Arrived[] = [];
  const waiting: ((request: Arrived) => void)[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      const request = { socket, text: bytes.toString('latin1') };
      const receive = waiting.shift();
      if (receive === undefined) arrived.push(request);
      else receive(request);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    sockets,
    next: () =>
      new Promise((resolve) => {
        const known = arrived.shift();
        if (known === undefined) waiting.push(resolve);
        else resolve(known);
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export type Sent = {
  readonly result: Promise<{ status: number; body: string }>;
  readonly controller: () => RequestController | undefined;
};

type SendOptions = {
  readonly headers?: Readonly<Record<string, string>>;
  readonly isIdempotent?: boolean;
  /** Called when the head of the response has arrived. */
  readonly onHead?: (controller: RequestController) => void;
};

/** Sends a query or, if `isIdempotent` is false, a mutation. */
export function send(
  pool: Http1Pool,
  text = 'ping',
  { headers = {}, isIdempotent = true, onHead = () => undefined }: SendOptions = {},
): Sent {
  const result = Promise.withResolvers<{ status: number; body: string }>();
  let controller: RequestController | undefined;
  let status = 0;
  const chunks: Buffer[] = [];
  const handler: ResponseHandler = {
    isEnded: false,
    onRequestStart: (own) => void (controller = own),
    onResponseStart: (own, received) => {
      status = received;
      onHead(own);
    },
    onResponseData: (_, chunk) => void chunks.push(chunk),
    // The chunks are read at once, as in the router: later the buffer holds the bytes of other responses.
    onResponseEnd: () => result.resolve({ status, body: Buffer.concat(chunks).toString() }),
    repeat: () => dispatch(false),
    onResponseError: (_, error) => result.reject(error),
  };
  const request = { path: '/graphql?a=1', shared: callHeaders(headers), signature: {}, timeoutMs: 900 };
  const dispatch = (isRepeatable: boolean) =>
    pool.dispatch(new OutgoingRequest({ ...request, bodyText: text, isRepeatable }), handler);
  dispatch(isIdempotent);
  result.promise.catch(() => undefined);
  return { result: result.promise, controller: () => controller };
}

/** Writes a response with a body. */
export function respond({ socket }: Arrived, body: string, head = HEAD): void {
  socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

export const OPTIONS = { connections: 2, connectTimeoutMs: 5_000, keepAliveMs: 30_000, pipelining: 1 };

/**
 * Starts a server, and a pool of connections to it. The time of the pool passes only in `clock.advance`, so
 * that no response is overdue because the machine is busy.
 */
export async function start(options: Partial<typeof OPTIONS> = {}) {
  const server = await startServer();
  const clock = createClock();
  const { monotonic, schedule } = clock;
  const pool = new Http1Pool(server.url, { ...OPTIONS, ...options, monotonic, schedule });
  return {
    server,
    pool,
    clock,
    async [Symbol.asyncDispose]() {
      for (const socket of server.sockets) socket.destroy();
      await pool.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

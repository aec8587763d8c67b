import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { reasonOf, StartupError } from '../../database/startup-error.ts';

export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type Handle = (request: IncomingMessage, signal: AbortSignal) => Promise<Reply>;

export type HttpServer = {
  readonly port: number;
  /** Aborts waiting requests, lets the others finish within 30 s, then closes all connections. */
  readonly close: () => Promise<void>;
};

const GRACE_MS = 30_000;

/**
 * Serves `handle`. Its signal is aborted when the client closes the connection, and when the server closes;
 * only requests that wait for a change end because of it.
 */
export async function listen(
  address: { readonly host: string; readonly port: number },
  handle: Handle,
): Promise<HttpServer> {
  const draining = new AbortController();
  const server = createServer((request, response) => {
    const signal = AbortSignal.any([draining.signal, whenGone(response)]);
    void handle(request, signal).then(({ status, headers = {}, body = '' }) => {
      // A connection with an unread body cannot be used again.
      if (draining.signal.aborted || !request.complete) response.setHeader('connection', 'close');
      response.setHeader('x-content-type-options', 'nosniff');
      const length = status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(body) };
      response.writeHead(status, { ...headers, ...length });
      response.end(request.method === 'HEAD' ? undefined : body);
    });
  });
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    const message = `Cannot listen on ${address.host}:${address.port} (${reasonOf(error)}): stop what listens there, or set PORT.`;
    throw new StartupError(message, { cause: error });
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      draining.abort();
      const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(timer);
    },
  };
}

/** Returns null if the body is larger than `maxBytes`, and leaves the rest unread. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // By default, leaving the loop early would close the socket before the response is written.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

export function jsonReply(status: number, value: unknown): Reply {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  return { status, headers, body: JSON.stringify(value) };
}

/** An error in the form of GraphQL responses, which all endpoints use. */
export function errorReply(status: number, code: string, message: string): Reply {
  return jsonReply(status, { errors: [{ message, extensions: { code } }] });
}

function whenGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

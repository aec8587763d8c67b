import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Settings, TlsSettings } from './settings.ts';
import { reasonOf, StartupError } from '../../database/startup-error.ts';

export type Reply = {
  readonly status: number;
  readonly body: string;
  readonly headers?: Iterable<readonly [string, string]>;
};

export type HttpServer = {
  readonly port: number;
  /** Lets requests in flight finish within 10 s, then closes all connections. */
  readonly close: () => Promise<void>;
};

const graceMs = 10_000;

/**
 * Serves `handle`. Its signal is aborted when the client closes the connection before the response is sent.
 */
export async function listen(
  address: Pick<Settings, 'host' | 'port' | 'tls'>,
  handle: (request: IncomingMessage, gone: AbortSignal) => Promise<Reply>,
): Promise<HttpServer> {
  let draining = false;
  const server = createServerFor(address.tls, (request, response) => {
    void handle(request, whenGone(response)).then(({ status, body, headers = [] }) => {
      // Makes clients reconnect elsewhere before this server closes. A connection with an unread body is not
      // reusable either.
      if (draining || !request.complete) response.setHeader('connection', 'close');
      response.setHeader('content-type', 'application/json; charset=utf-8');
      for (const [name, value] of headers) response.setHeader(name, value);
      response.writeHead(status, { 'content-length': Buffer.byteLength(body) }).end(body);
    });
  });
  // Longer than the router keeps idle connections, so that the router closes them first.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  return {
    port: await listenOn(server, address),
    async close() {
      draining = true;
      const closed = once(server, 'close');
      server.close();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(timer);
    },
  };
}

export function jsonReply(status: number, body: unknown): Reply {
  return { status, body: JSON.stringify(body) };
}

/** Returns null if the body is larger than `maxBytes`, and leaves the rest unread. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // By default, leaving the loop early would close the socket before the response is written.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function whenGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** With a CA certificate, callers must present a certificate. */
function createServerFor(tls: TlsSettings | null, listener: RequestListener): Server {
  if (tls === null) return createServer(listener);
  const { ca, ...own } = tls;
  const mutual = ca !== null && { ca, requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...own, ...mutual }, listener);
}

async function listenOn(server: Server, address: { host: string; port: number }): Promise<number> {
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    const message = `Cannot listen on ${address.host}:${address.port} (${reasonOf(error)}): stop what listens there, or set PORT.`;
    throw new StartupError(message, { cause: error });
  }
  return (server.address() as AddressInfo).port;
}

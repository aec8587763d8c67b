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
import { reasonOf, StartupError } from './startup-error.ts';

export type Reply = {
  readonly status: number;
  readonly body: string;
  readonly headers?: Iterable<readonly [string, string]>;
};

export type HttpServer = {
  readonly port: number;
  /** Lets requests in flight finish, at most `graceMs`, then closes what is left. */
  readonly close: () => Promise<void>;
};

const graceMs = 10_000;

export async function listen(
  address: Pick<Settings, 'host' | 'port' | 'tls'>,
  handle: (request: IncomingMessage, gone: AbortSignal) => Promise<Reply>,
): Promise<HttpServer> {
  let draining = false;
  const server = createServerFor(address.tls, (request, response) => {
    void handle(request, whenGone(response)).then((reply) => {
      // A client told so opens its next connection elsewhere instead of meeting a closed one. After a body that
      // was not read to its end the connection is of no use either.
      if (draining || !request.complete) response.setHeader('connection', 'close');
      send(response, reply);
    });
  });
  // Longer than the router keeps idle connections, so that the router is the one to let go.
  server.keepAliveTimeout = 75_000;
  server.headersTimeout = 10_000;
  server.requestTimeout = 15_000;
  const port = await listenOn(server, address);
  const close = async () => {
    draining = true;
    await closeGracefully(server);
  };
  return { port, close };
}

/** Aborted when the connection closes before the response has been sent: nobody waits for it any more. */
function whenGone(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/** With an authority's certificate, callers must show one of theirs. */
function createServerFor(tls: TlsSettings | null, listener: RequestListener): Server {
  if (tls === null) return createServer(listener);
  const { ca, ...own } = tls;
  return createTlsServer(
    { ...own, ...(ca !== null && { ca, requestCert: true, rejectUnauthorized: true }) },
    listener,
  );
}

export function jsonReply(status: number, body: unknown): Reply {
  return { status, body: JSON.stringify(body) };
}

/** Null when the body is larger than `maxBytes`; the rest is not read. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Ending the loop early must leave the socket open: the refusal has yet to be written to it.
  const stream: AsyncIterable<Buffer> = request.iterator({ destroyOnReturn: false });
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > maxBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, reply: Reply): void {
  response.statusCode = reply.status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  for (const [name, value] of reply.headers ?? []) response.setHeader(name, value);
  response.setHeader('content-length', Buffer.byteLength(reply.body));
  response.end(reply.body);
}

async function listenOn(server: Server, address: { host: string; port: number }): Promise<number> {
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (error) {
    throw new StartupError(
      `Cannot listen on ${address.host}:${address.port} (${reasonOf(error)}): stop what listens there, or set PORT.`,
      {
        cause: error,
      },
    );
  }
  const { port } = server.address() as AddressInfo;
  return port;
}

async function closeGracefully(server: Server): Promise<void> {
  const closed = Promise.withResolvers<void>();
  server.close(() => closed.resolve());
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed.promise;
  clearTimeout(timer);
}

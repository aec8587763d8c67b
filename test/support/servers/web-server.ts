import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listening } from '../../../router/http/sockets/listeners.ts';
import { freePort } from './free-port.ts';

export type WebRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Body of a POST request. */
  readonly body?: string;
};

export type WebResponse = {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
};

/** An HTTP server whose responses a test determines; undefined leaves a request without a response. */
export type WebServer = AsyncDisposable & {
  readonly origin: string;
  /** All requests so far. */
  readonly requests: readonly WebRequest[];
  respond: (request: WebRequest) => WebResponse | undefined | Promise<WebResponse | undefined>;
  readonly stop: () => Promise<void>;
  /** Listens again, on the same port. */
  readonly restart: () => Promise<void>;
};

export async function startWebServer(respond: WebServer['respond']): Promise<WebServer> {
  const requests: WebRequest[] = [];
  const server = createServer((request, response) => void handle(request, response));
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request;
    const received = { method, path, headers, ...(method === 'POST' && { body: await text(request) }) };
    requests.push(received);
    const result = await web.respond(received);
    if (result === undefined) return;
    response.writeHead(result.status ?? 200, { ...result.headers });
    response.end(received.method === 'HEAD' ? undefined : result.body);
  }
  const port = await freePort();
  await listening(server, { host: '127.0.0.1', port });
  const stop = async () => {
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const web: WebServer = {
    origin: `http://127.0.0.1:${port}`,
    requests,
    respond,
    stop,
    restart: () => listening(server, { host: '127.0.0.1', port }),
    [Symbol.asyncDispose]: stop,
  };
  return web;
}

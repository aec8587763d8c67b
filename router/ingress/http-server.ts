import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SpanKind } from '@opentelemetry/api';
import type { Config } from '../config/config-schema.ts';
import { ERRORS, RouterError } from '../errors.ts';
import type { ErrorCode } from '../errors.ts';
import { logMasked } from '../response/masked-error.ts';
import { refusal } from '../response/refusal.ts';
import type { SpanDescription, Telemetry } from '../telemetry.ts';
import type { ClientRequest, ClientResponse, MediaType } from './client-request.ts';
import { createCors } from './cors.ts';
import { checkCsrf } from './csrf.ts';
import { healthAnswer } from './health.ts';
import type { Health } from './health.ts';
import { createMediaTypeChoice } from './media-type.ts';
import { readJsonBody } from './read-body.ts';
import { sandboxPage } from './sandbox-page.ts';

export type HttpServerParts = {
  readonly telemetry: Telemetry;
  readonly health: Health;
  readonly monotonic: () => number;
  readonly clientAddress: (remoteAddress: string | undefined, forwardedFor: readonly string[]) => string;
  /** Refuses a request by its headers. @throws {RouterError} OVERLOADED */
  readonly checkHead: (request: IncomingMessage) => void;
  /** Answers a GraphQL request; a RouterError it throws is answered by its code. */
  readonly handle: (request: ClientRequest) => Promise<ClientResponse>;
};

export type HttpServer = AsyncDisposable & {
  readonly url: string;
  /** Stops listening and waits until every request has been answered, `graceMs` at the longest. */
  readonly drain: (graceMs: number) => Promise<void>;
};

const REQUEST_SPAN: SpanDescription = { name: 'request', kind: SpanKind.SERVER };

const JSON_TYPE: MediaType = { name: 'application/json', named: false };

/** Listens for clients. Everything it answers is JSON, errors included, except the Sandbox page. */
export async function listen(config: Config, parts: HttpServerParts): Promise<HttpServer> {
  const answer = createAnswerer(config, parts);
  const server = createServer(serverOptions(config), (request, response) => void answer(request, response));
  server.keepAliveTimeout = config.listen.keepAliveTimeoutMs;
  server.on('clientError', refuseMalformed);
  // Node would answer an expectation that it does not know with an empty 417; it may as well be ignored (RFC 9110 section 10.1.1).
  server.on('checkExpectation', (request, response) => void answer(request, response));
  await listening(server, { ...config.listen, reusePort: config.workers > 1 });
  const { port } = addressOf(server);
  return {
    url: `http://${config.listen.host}:${port}${config.listen.path}`,
    drain: (graceMs) => drain(server, graceMs),
    [Symbol.asyncDispose]: () => drain(server, 0),
  };
}

function serverOptions({ listen: { headersTimeoutMs, requestTimeoutMs }, limits }: Config) {
  return {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeoutBuffer: 1_000,
    // Refused by us, in JSON.
    requireHostHeader: false,
  };
}

const MALFORMED: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

// Node answers bytes that are not HTTP with an empty body; clients of a JSON interface get JSON here too.
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = MALFORMED[error.code ?? ''] ?? '400 Bad Request';
  const code: ErrorCode = status.startsWith('408') ? 'REQUEST_TIMEOUT' : 'BAD_REQUEST';
  const body = String(refusal(new RouterError(code, status.slice(4)), JSON_TYPE).body);
  // Destroyed, as a client that never closes its side would keep the connection for ever.
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

/** Waits until the server accepts connections. */
export function listening(
  server: Server,
  {
    host,
    port,
    reusePort = false,
  }: { readonly host: string; readonly port: number; readonly reusePort?: boolean },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host, reusePort, backlog: 4_096 }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The address a listening TCP server is bound to. */
export function addressOf(server: Server): AddressInfo {
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError('the server listens on no TCP port');
  return address;
}

// Node closes idle connections with the listener; busy ones end with their answer, which says `connection: close`.
async function drain(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}

function createAnswerer(config: Config, parts: HttpServerParts) {
  const cors = createCors(config.cors, config.mode);
  const chooseMediaType = createMediaTypeChoice();
  const sandbox =
    (config.sandbox.enabled ?? config.mode === 'development') ? sandboxPage(config.listen.path) : undefined;
  const graphql = createGraphqlEndpoint(config, parts, chooseMediaType);

  return async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = requestId(request.headers['x-request-id']);
    const path = pathOf(request.url);
    const common = {
      'x-request-id': id,
      ...cors.headersFor(request),
      ...(parts.health.draining() ? { connection: 'close' } : {}),
    };
    if (request.method === 'OPTIONS')
      return write(response, {
        status: 204,
        headers: { ...common, ...cors.preflightHeaders(request) },
        body: '',
      });
    const health = healthAnswer(path, parts.health.unready());
    if (health !== undefined)
      return write(response, { ...health, headers: { ...common, ...health.headers } });
    if (path === '/' && request.method === 'GET' && sandbox !== undefined) return write(response, sandbox);

    const answered =
      path === config.listen.path ? await graphql(request, response, id) : notFound(path, config.listen.path);
    write(response, {
      ...answered,
      headers: { ...common, ...answered.headers },
    });
  };
}

function notFound(path: string, graphqlPath: string): ClientResponse {
  return refusal(
    new RouterError('NOT_FOUND', `there is nothing at ${path}; GraphQL is served at ${graphqlPath}`),
    JSON_TYPE,
  );
}

type MediaTypeChoice = ReturnType<typeof createMediaTypeChoice>;

function createGraphqlEndpoint(config: Config, parts: HttpServerParts, chooseMediaType: MediaTypeChoice) {
  return async function endpoint(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
  ): Promise<ClientResponse> {
    const started = parts.monotonic();
    const answered = await respond(request, response, id);
    parts.telemetry.requestFinished({
      requestId: id,
      method: request.method ?? '',
      status: answered.status,
      ms: parts.monotonic() - started,
      bytes: answered.body.length,
      ...answered.summary,
    });
    return answered;
  };

  async function respond(
    request: IncomingMessage,
    response: ServerResponse,
    id: string,
  ): Promise<ClientResponse> {
    let mediaType = JSON_TYPE;
    try {
      mediaType = chooseMediaType(request.headers.accept);
      parts.checkHead(request);
      const clientRequest = await toClientRequest(request, response, { id, mediaType });
      return await parts.telemetry.traced(REQUEST_SPAN, clientRequest.trace, (trace) =>
        parts.handle({ ...clientRequest, trace }),
      );
    } catch (error) {
      return refuse(error, { id, mediaType });
    }
  }

  async function toClientRequest(
    request: IncomingMessage,
    response: ServerResponse,
    known: { id: string; mediaType: MediaType },
  ): Promise<ClientRequest> {
    if (request.httpVersion === '1.1' && request.headers.host === undefined)
      throw new RouterError('BAD_REQUEST', 'the Host header is missing');
    const method = allowedMethod(request.method);
    checkCsrf(request, config.csrf);
    const body = method === 'POST' ? await readJsonBody(request, config.limits.bodyBytes) : undefined;
    return {
      ...known,
      method,
      body,
      search: searchOf(request.url),
      headers: request.headers,
      authorization: valuesOf(request, 'authorization'),
      correlationId: saneId(request.headers['x-correlation-id']),
      address: parts.clientAddress(request.socket.remoteAddress, valuesOf(request, 'x-forwarded-for')),
      trace: parts.telemetry.parentContext(single(request.headers['traceparent'])),
      signal: goneSignal(response),
    };
  }

  function refuse(error: unknown, { id, mediaType }: { id: string; mediaType: MediaType }): ClientResponse {
    if (error instanceof RouterError && ERRORS[error.code].exposed) return refusal(error, mediaType);
    const errorId = logMasked(parts.telemetry.log, error, { requestId: id });
    return refusal(new RouterError('INTERNAL_SERVER_ERROR', undefined, { cause: error }), mediaType, {
      id: errorId,
      requestId: id,
    });
  }
}

function allowedMethod(method: string | undefined): 'GET' | 'POST' {
  if (method === 'GET' || method === 'POST') return method;
  throw new RouterError('METHOD_NOT_ALLOWED', 'GraphQL requests are POST, queries may be GET');
}

// A proxy may send the absolute form, which servers have to accept (RFC 9112 section 3.2.2).
const AUTHORITY = /^https?:\/\/[^/?#]*/i;

function pathOf(target = '/'): string {
  const url = target.replace(AUTHORITY, '');
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function searchOf(url = '/'): string {
  const query = url.indexOf('?');
  return query === -1 ? '' : url.slice(query);
}

// `headers` keeps only the first of some headers, and `headersDistinct` copies all to give one.
function valuesOf({ headers, rawHeaders }: IncomingMessage, name: string): readonly string[] {
  if (headers[name] === undefined) return [];
  const values: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1];
    if (rawHeaders[index]?.toLowerCase() === name && value !== undefined) values.push(value);
  }
  return values;
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function saneId(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.:/+=-]{1,128}$/.test(value) ? value : undefined;
}

function requestId(given: string | string[] | undefined): string {
  return saneId(given) ?? randomUUID();
}

function goneSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new RouterError('REQUEST_CANCELLED'));
  });
  return controller.signal;
}

function write(response: ServerResponse, { status, headers, body }: ClientResponse): void {
  if (response.destroyed) return;
  if (status === 413 || status === 408) response.setHeader('connection', 'close');
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(status, { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}

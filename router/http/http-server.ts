import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import { mergeVary } from '../headers/vary.ts';
import { rejectionResponse } from '../response/rejection-response.ts';
import type { Schedule } from '../shared/schedule.ts';
import { ONE_PIECE_BYTES } from '../request/client-request.ts';
import type { ClientResponse } from '../request/client-request.ts';
import { createConnectionLimit } from './sockets/connection-limit.ts';
import { createCors } from './cors.ts';
import { createGraphqlEndpoint } from './graphql-endpoint.ts';
import type { GraphqlEndpointParts } from './graphql-endpoint.ts';
import { healthResponse, isHealthPath } from './health.ts';
import type { Health } from './health.ts';
import { hostFault } from './host-header.ts';
import { openPort } from './sockets/listeners.ts';
import { beginResponse, endResponse } from './sockets/pending-responses.ts';
import { createMalformedRequestHandler } from './malformed-request.ts';
import { JSON_TYPE } from './media-type.ts';
import { httpFactsOf } from './head/request-facts.ts';
import type { HttpFacts, ReadClientAddress } from './head/request-facts.ts';
import { requestId } from './head/request-id.ts';
import { pathOf } from './request-path.ts';
import { sandboxPage } from './sandbox-page.ts';
import type { ServePaths } from './request-path.ts';
import { createStandingHeaders } from './standing-headers.ts';
import type { StandingHeaders } from './standing-headers.ts';
import type { Sampling } from '../telemetry/log/request-log.ts';
import { UnreadResponses } from './sockets/unread-responses.ts';

export type HttpServerParts = GraphqlEndpointParts & {
  /** Responds to requests for the router's web console; absent if this port does not serve the console. */
  readonly serveConsole?: ServePaths | undefined;
  readonly clientAddress: ReadClientAddress;
  readonly health: Health;
  readonly schedule: Schedule;
  /** Returns the current time in milliseconds since 1970. */
  readonly now: () => number;
};

/** The HTTP server for clients. */
export type HttpServer = AsyncDisposable & {
  readonly url: string;
  /** Returns the number of requests in flight and of open connections. */
  readonly clients: () => { readonly activeRequests: number; readonly connections: number };
  /** Stops listening and waits until all responses are sent, but at most `graceMs`. */
  readonly drain: (graceMs: number) => Promise<void>;
  /** Applies a changed configuration to new requests. Requests in flight keep the previous one. */
  readonly reconfigure: (config: Config) => void;
};

/** Listens for clients. All responses are JSON, including errors, except the Sandbox page. */
export async function listen(config: Config, parts: HttpServerParts): Promise<HttpServer> {
  const unread = new UnreadResponses({
    timeoutMs: config.listen.responseTimeoutMs,
    maxBytes: config.limits.unreadBytes,
    schedule: parts.schedule,
    monotonic: parts.monotonic,
    cutOff: (address) => parts.telemetry.connectionRejected('slow reader', address),
  });
  const placeOnConnection = createConnectionLimit(config.listen.maxRequestsPerConnection);
  const prepare = (current: Config) => {
    const standing = createStandingHeaders(current);
    return {
      respond: createResponder(current, { ...parts, standing, unread, placeOnConnection }),
      rejectMalformed: createMalformedRequestHandler(standing, ({ reason, socket, hasRequest }) =>
        parts.telemetry.connectionRejected(
          reason,
          socket instanceof Socket ? socket.remoteAddress : undefined,
          hasRequest,
        ),
      ),
    };
  };
  let prepared = prepare(config);
  let activeRequests = 0;
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    activeRequests += 1;
    beginResponse(socket, response);
    try {
      await prepared.respond(request, response);
    } finally {
      activeRequests -= 1;
      endResponse(socket);
    }
  };
  const server = createServer(serverOptions(config), (request, response) => void respond(request, response));
  server.keepAliveTimeout = config.listen.keepAliveTimeoutMs;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    prepared.rejectMalformed(error, socket);
  });
  // By default, Node rejects an unknown value of the `Expect` header with an empty 417. The router ignores
  // the header, as RFC 9110 section 10.1.1 permits.
  server.on('checkExpectation', (request, response) => void respond(request, response));
  const { port, close, connections } = await openPort(server, {
    ...config.listen,
    shared: config.workers > 1,
    dropped: (address) => parts.telemetry.connectionRejected('too many connections', address),
  });
  return {
    url: urlAt({ ...config.listen, port }),
    clients: () => ({ activeRequests, connections: connections() }),
    drain: close,
    reconfigure(next) {
      prepared = prepare(next);
    },
    [Symbol.asyncDispose]: () => close(0),
  };
}

/** Returns Node's options for a server: maximum size of headers, and timeouts for receiving a request. */
export function serverOptions({
  listen: { headersTimeoutMs, requestTimeoutMs },
  limits,
}: Pick<Config, 'listen' | 'limits'>) {
  return {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    // Interval at which Node looks for requests that exceed a timeout. It is shorter than Node's default,
    // with which the timeouts of many slow clients would all be processed in one turn of the event loop.
    connectionsCheckingInterval: 100,
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeoutBuffer: 1_000,
    // Node must not reject requests without a Host header, because its response would have no JSON body. The
    // router rejects them itself (`hostFault`).
    requireHostHeader: false,
  };
}

/** Returns the URL of a server. IPv6 addresses are enclosed in brackets (RFC 3986 section 3.2.2). */
export function urlAt({
  host,
  port,
  path = '',
}: {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

type Respond = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

type RequestFacts = { readonly id: string; readonly facts: HttpFacts };

type ResponderParts = HttpServerParts & {
  readonly standing: StandingHeaders;
  readonly unread: UnreadResponses;
  readonly placeOnConnection: ReturnType<typeof createConnectionLimit>;
};

function createResponder(config: Config, parts: ResponderParts): Respond {
  const { standing, unread, placeOnConnection } = parts;
  const cors = createCors(config.cors, { mode: config.mode, log: parts.telemetry.log });
  const sandbox =
    (config.sandbox.enabled ?? config.mode === 'development') ? sandboxPage(config.listen.path) : undefined;
  const graphql = createGraphqlEndpoint(config, parts);
  const graphOf = graphsByPath(config);
  const isGraphql = (path: string) => path === config.listen.path || graphOf.has(path);
  const otherVary = varyHeader(mergeVary([standing['vary'], cors.vary]));
  const graphqlVary = varyHeader(
    mergeVary([
      'accept',
      config.authentication.issuers.length > 0 ? 'authorization' : undefined,
      ...Object.values(config.graphs).map(({ when }) => when?.header?.toLowerCase()),
      otherVary.vary,
    ]),
  );

  // Returns the value of the response header `Vary`: the request headers on which CORS, authentication or the
  // selection of a contract (configured part of the graph) depends, and those that subgraphs list in their
  // own `Vary`.
  function varyOf(path: string, known: string | string[] | undefined): VaryHeader {
    const own = isGraphql(path) ? graphqlVary : otherVary;
    return known === undefined ? own : varyHeader(mergeVary([known, own.vary]));
  }

  function write(
    response: ServerResponse,
    { status, headers, body }: Omit<ClientResponse, 'headers'> & { readonly headers: OutgoingHttpHeaders },
  ): void {
    if (response.destroyed) return;
    // Whether the server is draining is checked when the response is sent, not when the request begins. A
    // request that was in flight when draining began would otherwise keep its connection open and delay the
    // shutdown.
    if (status === 413 || status === 408 || parts.health.draining())
      response.setHeader('connection', 'close');
    const bytes = Buffer.byteLength(body);
    // A 204 response must not have a content-length (RFC 9110 section 8.6).
    if (status !== 204) headers['content-length'] = bytes;
    response.writeHead(status, headers);
    // Node can send headers and a short string body in one write if both are encoded as Latin-1. The router
    // does this for ASCII bodies, because their bytes are the same in Latin-1 and UTF-8.
    if (typeof body !== 'string') response.end(body);
    else if (bytes === body.length && bytes < ONE_PIECE_BYTES) response.end(body, 'latin1');
    else response.end(Buffer.from(body));
    if (response.writableLength > 0) unread.add(response, bytes);
  }

  /**
   * Returns the response to a request that is handled alike on every path: one with an invalid Host header,
   * or a CORS preflight. Returns undefined for any other request.
   */
  function responseForAnyPath(request: IncomingMessage, id: string): ClientResponse | undefined {
    const fault = hostFault(request);
    if (fault !== undefined)
      return rejectionResponse(new RouterError('BAD_REQUEST', fault), JSON_TYPE, { requestId: id });
    if (request.method === 'OPTIONS')
      return { status: 204, headers: cors.preflightHeaders(request), body: '' };
    return undefined;
  }

  async function responseWithoutGraphql(
    request: IncomingMessage,
    id: string,
    path: string,
  ): Promise<ClientResponse> {
    const health = healthResponse(path, { unready: parts.health.unready(), now: parts.now() });
    if (health !== undefined) return health;
    if (path === '/sandbox' && request.method === 'GET' && sandbox !== undefined) return sandbox;
    const consoleResponse = await parts.serveConsole?.(request, path);
    if (consoleResponse !== undefined) return consoleResponse;
    if (path === '/' && request.method === 'GET' && sandbox !== undefined) return sandbox;
    return notFound(path, config, id);
  }

  function route(request: IncomingMessage, { id, facts }: RequestFacts): Promise<ClientResponse> {
    const { path } = facts;
    const known = responseForAnyPath(request, id);
    return known === undefined && isGraphql(path)
      ? graphql(request, { id, facts, graph: graphOf.get(path) })
      : respondAndLog(request, known, { id, facts });
  }

  async function respondAndLog(
    request: IncomingMessage,
    known: ClientResponse | undefined,
    { id, facts }: RequestFacts,
  ): Promise<ClientResponse> {
    const { path } = facts;
    const started = parts.monotonic();
    const other = known ?? (await responseWithoutGraphql(request, id, path));
    parts.telemetry.otherFinished(facts, {
      requestId: id,
      status: other.status,
      ms: parts.monotonic() - started,
      bytes: Buffer.byteLength(other.body),
      codes: other.summary?.codes,
      sampling: samplingOf(request, path),
    });
    return other;
  }

  // The request handler uses a callback: as an async function it would need more memory for each request.
  return function respond(request, response) {
    const place = placeOnConnection(request);
    // An earlier response on this connection has `connection: close`, so the router must not process later
    // requests (RFC 9112 section 9.6).
    if (place === 'beyond') return undefined;
    if (place === 'last') response.setHeader('connection', 'close');
    const id = requestId(request.headers['x-request-id']);
    const path = pathOf(request.url);
    const facts = httpFactsOf(request, { path, clientAddress: parts.clientAddress });
    return route(request, { id, facts }).then((clientResponse) => {
      const { status, body } = clientResponse;
      const headers = {
        ...standing,
        'x-request-id': id,
        ...(facts.correlationId !== undefined && { 'x-correlation-id': facts.correlationId }),
        ...cors.headersFor(request),
        ...clientResponse.headers,
        ...varyOf(path, clientResponse.headers['vary']),
      };
      write(response, { status, headers, body });
    });
  };
}

type VaryHeader = { readonly vary?: string };

function varyHeader(vary: string): VaryHeader {
  return vary === '' ? {} : { vary };
}

/**
 * Returns whether all requests with this method and path are logged, some of them, or only failed ones.
 * Health checks and requests of the open web console come every few seconds and would fill the log.
 */
function samplingOf({ method }: IncomingMessage, path: string): Sampling {
  if (method === 'OPTIONS' || isHealthPath(path)) return 'some';
  return path.startsWith('/console/') ? 'failures' : 'all';
}

/** Maps each URL path at which a contract (configured part of the graph) is served to the contract's name. */
function graphsByPath({ graphs }: Pick<Config, 'graphs'>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(graphs).flatMap(([name, { path }]) => (path === undefined ? [] : [[path, name]])),
  );
}

// If some contracts (configured parts of the graph) have paths of their own, the error message does not name
// the path of the whole graph, because clients of a contract need not know that path.
function notFound(path: string, { listen, graphs }: Config, requestId: string): ClientResponse {
  const isOnlyPath = graphsByPath({ graphs }).size === 0;
  const hint = isOnlyPath ? `; GraphQL is served at ${listen.path}` : '';
  const error = new RouterError('NOT_FOUND', `path ${path} does not exist${hint}`);
  return rejectionResponse(error, JSON_TYPE, { requestId });
}

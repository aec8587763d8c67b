import { ApolloServer, HeaderMap, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLFieldResolver, type GraphQLScalarType } from 'graphql';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { callerOf, type Caller } from './caller.ts';
import { isUnexpected, maskError } from './errors.ts';
import { jsonReply, listen, readBody, type Reply } from './http-server.ts';
import { readInboundRequest, type InboundRequest } from './inbound-request.ts';
import type { Parts } from './run.ts';
import type { Settings } from './settings.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';
import { verifyRequest } from './verify-middleware.ts';
import { createVerifier, type Verify } from './verify.ts';

/** The part of the context that all subgraphs have; each adds its loaders. */
export type RequestFacts = {
  /** Ids and deadline for calls to other services. */
  readonly inbound: InboundRequest;
  readonly caller: Caller;
  readonly log: Logger;
  /** Aborted when the client has closed the connection. */
  readonly signal: AbortSignal;
};

/**
 * Resolvers declare the types of their source and arguments; GraphQL has validated both against the schema.
 */
export type Resolvers = Record<
  string,
  // oxlint-disable-next-line typescript/no-explicit-any -- sources and arguments differ
  GraphQLScalarType | Record<string, GraphQLFieldResolver<any, any>>
>;

export type SubgraphDefinition<Context extends RequestFacts> = {
  /** The subgraph's schema.graphql. */
  readonly schema: URL;
  readonly resolvers: Resolvers;
  /** Called once per request, because loaders cache the rows of one caller. */
  readonly createContext: (request: RequestFacts) => Context;
  readonly isReady: () => Promise<boolean>;
  /** Called after the last response. */
  readonly close: () => Promise<void>;
  /** Public documents by path, served to GET without a signature. */
  readonly routes?: Readonly<Record<string, () => Promise<unknown>>>;
};

export type RunningSubgraph = AsyncDisposable & {
  /** URL of the GraphQL endpoint. */
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

type Endpoint = {
  readonly log: Logger;
  readonly verify: Verify;
  readonly monotonic: Parts['monotonic'];
  readonly tracing: Tracing | undefined;
  readonly metrics: Metrics | undefined;
  /** Callers that may read the metrics. */
  readonly metricsFrom: Settings['metricsFrom'];
};

const maxBodyBytes = 1_000_000;

/** Serves a subgraph until it is closed: first the port, then requests in flight, then the database. */
export async function serveSubgraph<Context extends RequestFacts>(
  settings: Settings,
  { log, now, monotonic, tracing, metrics }: Parts,
  definition: SubgraphDefinition<Context>,
): Promise<RunningSubgraph> {
  await using started = new AsyncDisposableStack();
  started.defer(definition.close);
  const apollo = createApolloServer(definition);
  await apollo.start();
  started.defer(() => apollo.stop());
  const keys = [...settings.identityKeys, ...settings.serviceKeys];
  const verify = createVerifier({ audience: settings.name, keys, issuers: [settings.issuerUrl], now });
  const { metricsFrom } = settings;
  const endpoint = { log, verify, monotonic, tracing, metrics, metricsFrom };
  const server = await listen(settings, createHandler(definition, apollo, endpoint));
  started.defer(server.close);
  const url = `${settings.tls === null ? 'http' : 'https'}://${settings.host}:${server.port}/graphql`;
  const running = started.move();
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= running.disposeAsync().then(() => log.info('subgraph stopped')));
  return { url, port: server.port, close, [Symbol.asyncDispose]: close };
}

/** Apollo Server without the plugins that a subgraph behind a router does not need. */
function createApolloServer<Context extends RequestFacts>(
  definition: SubgraphDefinition<Context>,
): ApolloServer<Context> {
  const typeDefs = parse(readFileSync(definition.schema, 'utf8'));
  return new ApolloServer<Context>({
    schema: buildSubgraphSchema([{ typeDefs, resolvers: definition.resolvers }]),
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    formatError: maskError,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      logErrors<Context>(),
    ],
  });
}

/** Logs the cause of an error whose message is masked for the client, under the same request id. */
function logErrors<Context extends RequestFacts>(): ApolloServerPlugin<Context> {
  return {
    requestDidStart: async ({ contextValue: { log } }) => ({
      async didEncounterErrors({ errors }) {
        for (const error of errors.filter(isUnexpected))
          log.error({ err: error.originalError ?? error, path: error.path }, 'resolver failed');
      },
    }),
  };
}

/** Serves health and public documents to GET, and GraphQL to a signed POST. */
function createHandler<Context extends RequestFacts>(
  definition: SubgraphDefinition<Context>,
  apollo: ApolloServer<Context>,
  endpoint: Endpoint,
): (request: IncomingMessage, gone: AbortSignal) => Promise<Reply> {
  const documents = new Map<string, () => Promise<Reply>>([
    ['/health/live', async () => jsonReply(200, { status: 'UP' })],
    ['/health/ready', () => readiness(definition.isReady)],
  ]);
  for (const [path, read] of Object.entries(definition.routes ?? {}))
    documents.set(path, async () => jsonReply(200, await read()));

  async function graphql(request: IncomingMessage, signal: AbortSignal): Promise<Reply> {
    const { correlationId, ...inbound } = readInboundRequest(request.headers, endpoint.monotonic);
    const { traceId } = inbound.trace;
    const log = endpoint.log.child({ requestId: inbound.requestId, correlationId, traceId });
    const started = performance.now();
    const handle = async () => {
      const body = await readBody(request, maxBodyBytes);
      if (body === null) return errorReply(413, `The body is larger than ${maxBodyBytes} bytes.`);
      const { method = '', rawHeaders } = request;
      const verified = verifyRequest(endpoint.verify, { method, rawHeaders, body });
      if (verified.kind === 'rejected') {
        const { reason } = verified;
        log.warn({ stream: 'audit', reason, clientIp: request.socket.remoteAddress }, 'call rejected');
        return jsonReply(verified.status, verified.body);
      }
      const context = definition.createContext({ inbound, log, signal, caller: callerOf(verified.identity) });
      return execute(apollo, context, { request, body: verified.json });
    };
    const { tracing } = endpoint;
    const reply = await (tracing?.serve(inbound.trace, () => guarded(log, handle)) ?? guarded(log, handle));
    log.info({ status: reply.status, ms: Math.round(performance.now() - started) }, 'request handled');
    return reply;
  }

  async function route(request: IncomingMessage, path: string, gone: AbortSignal): Promise<Reply> {
    const document = documents.get(path);
    if (path !== '/graphql' && document === undefined)
      return errorReply(404, 'There is nothing at this path.', 'NOT_FOUND');
    const method = document === undefined ? 'POST' : 'GET';
    if (request.method !== method)
      return { ...errorReply(405, `Use ${method}.`), headers: [['allow', method]] };
    return document === undefined ? graphql(request, gone) : guarded(endpoint.log, document);
  }

  return async (request, gone) => {
    const [path = '/'] = (request.url ?? '/').split('?', 1);
    const { metrics } = endpoint;
    if (metrics === undefined) return route(request, path, gone);
    if (path === '/metrics') return metricsReply(request, metrics, endpoint.metricsFrom);
    const started = performance.now();
    const reply = await route(request, path, gone);
    metrics.requestFinished({
      method: request.method ?? '',
      route: path === '/graphql' || documents.has(path) ? path : 'unknown',
      status: reply.status,
      ms: performance.now() - started,
    });
    return reply;
  };
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/** The metrics need no signature, because a scraper has none, so other hosts read them only if configured. */
async function metricsReply(
  request: IncomingMessage,
  metrics: Metrics,
  metricsFrom: Settings['metricsFrom'],
): Promise<Reply> {
  if (metricsFrom === 'loopback' && !LOOPBACK.test(request.socket.remoteAddress ?? ''))
    return errorReply(403, 'Metrics are for this host only, unless METRICS_FROM is "any".', 'FORBIDDEN');
  if (request.method !== 'GET') return { ...errorReply(405, 'Use GET.'), headers: [['allow', 'GET']] };
  const { contentType, text } = await metrics.expose();
  return { status: 200, body: text, headers: [['content-type', contentType]] };
}

async function execute<Context extends RequestFacts>(
  apollo: ApolloServer<Context>,
  context: Context,
  { request, body }: { readonly request: IncomingMessage; readonly body: unknown },
): Promise<Reply> {
  const headers = new HeaderMap();
  for (const [name, value] of Object.entries(request.headers)) headers.set(name, String(value));
  const response = await apollo.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method: 'POST', headers, search: '', body },
    context: async () => context,
  });
  if (response.body.kind !== 'complete') throw new Error('incremental delivery is not supported');
  return { status: response.status ?? 200, headers: response.headers, body: response.body.string };
}

async function readiness(isReady: () => Promise<boolean>): Promise<Reply> {
  return (await isReady()) ? jsonReply(200, { status: 'UP' }) : jsonReply(503, { status: 'DOWN' });
}

/** Logs an unexpected error and responds without its details. */
async function guarded(log: Logger, run: () => Promise<Reply>): Promise<Reply> {
  try {
    return await run();
  } catch (error) {
    log.error({ err: error }, 'request failed');
    return errorReply(500, 'Internal server error', 'INTERNAL_SERVER_ERROR');
  }
}

function errorReply(status: number, message: string, code = 'BAD_REQUEST'): Reply {
  return jsonReply(status, { errors: [{ message, extensions: { code } }] });
}

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { specifiedRules, validate } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { DestinationStream } from 'pino';
import { createAdmission } from './admission/admit.ts';
import { createBudget } from './admission/budget.ts';
import { addressBlock, createClientAddress } from './admission/client-address.ts';
import { createPricing } from './admission/pricing.ts';
import { screenDocument } from './admission/screen.ts';
import { createSettlement } from './admission/settle.ts';
import { Spenders } from './admission/spenders.ts';
import { createApolloPlugin, createFilteringExecutor, createGatewayExecutor } from './apollo-plugin.ts';
import type { ApolloContext, Caller, PluginParts } from './apollo-plugin.ts';
import { createGuards } from './authorization/authorization.ts';
import { authorize } from './authorization/authorize.ts';
import { createJudge } from './authorization/requirement.ts';
import { separateAuthorization } from './authorization/separate.ts';
import type { SeparatedSupergraph } from './authorization/separate.ts';
import type { Config } from './config-schema.ts';
import { connect, createExecution } from './execute-operation.ts';
import { createCollecting } from './headers/collection.ts';
import { createForwarding } from './headers/forwarding.ts';
import { createAuthenticator } from './identity/authenticate.ts';
import { ANONYMOUS } from './identity/identity.ts';
import { createSigner } from './identity/signature.ts';
import { listenAdmin } from './ingress/admin-server.ts';
import type { Inspection } from './ingress/admin-server.ts';
import { createHealth } from './ingress/health.ts';
import { listen } from './ingress/http-server.ts';
import { createOperations, warm } from './operations.ts';
import type { Admitted, Operation, Variables } from './operations.ts';
import { createPipeline } from './pipeline.ts';
import type { GenerationParts, ServedGeneration } from './pipeline.ts';
import { createPersistedOperations } from './persisted/persisted-operations.ts';
import { createPlanner } from './planning/planner.ts';
import type { Environment } from './read-yaml.ts';
import { connectBlockingRedis, connectRedis } from './redis.ts';
import type { RedisParts } from './redis.ts';
import { createErrorPolicy } from './response/error-policy.ts';
import { createErrorMask } from './response/mask-errors.ts';
import { logMasked } from './response/masked-error.ts';
import { scheduleTimer } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { createGeneration } from './supergraph/generation.ts';
import type { GenerationRecipe } from './supergraph/generation.ts';
import { createGenerations } from './supergraph/generations.ts';
import { createSupergraphSource } from './supergraph/supergraph-source.ts';
import { createTelemetry } from './telemetry.ts';
import type { Telemetry } from './telemetry.ts';
import { startTracing } from './tracing.ts';
import { createDataSource } from './upstream/data-source.ts';
import { afterTimeout } from './upstream/deadline.ts';
import { createUpstream } from './upstream/upstream.ts';
import type { Upstream } from './upstream/upstream.ts';

/** What the router takes from the world around it; tests replace some. */
export type Parts = {
  readonly env: Environment;
  /** Wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Never runs backwards, in milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly schedule: Schedule;
  readonly fetch: typeof fetch;
  readonly log: DestinationStream | undefined;
  /** Whether this is one of several processes that answer as one router; the pool has the admin port then. */
  readonly inPool: boolean;
};

const REAL_PARTS: Parts = {
  env: process.env,
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  randomBytes,
  schedule: scheduleTimer,
  fetch: globalThis.fetch,
  log: undefined,
  inPool: false,
};

export type Router = AsyncDisposable & {
  readonly url: string;
  /** Of the admin port, where there is one. */
  readonly adminUrl: string | undefined;
  readonly telemetry: Telemetry;
  readonly inspect: () => Promise<Inspection>;
  /** Loads the supergraph again; resolves when the new one serves or was refused. */
  readonly reload: () => Promise<void>;
  /** Stops without losing a request: not ready at first, then no new connections, then the last answers. */
  readonly drain: () => Promise<void>;
};

/**
 * Builds every part once, and connects them. Here is the way of a request, from the socket to the subgraphs and back:
 * `listen` → `createPipeline` → `admit` → `execute` → `upstream`.
 * @throws {Error} when a port is taken
 */
export async function createRouter(config: Config, overrides: Partial<Parts> = {}): Promise<Router> {
  const parts: Parts = { ...REAL_PARTS, ...overrides };
  const { monotonic } = parts;
  await using built = new AsyncDisposableStack();
  const telemetry = createTelemetry(config.telemetry, {
    destination: parts.log,
    provider: built.use(await startTracing(config.telemetry))?.provider,
  });

  const redis = await connectToRedis(config.redis, { ...parts, telemetry }, built);
  const authenticator = built.use(
    createAuthenticator(config.authentication, {
      ...parts,
      telemetry,
      revocationStream: redis?.revocationStream,
    }),
  );
  const budget = createBudget(config.rateLimit, {
    monotonic,
    telemetry,
    redis: redis?.link,
    processes: config.workers,
  });
  const collecting = createCollecting(config.headers);
  const signer = createSigner(config.identity.keys, parts);
  const upstream = built.use(
    createUpstream(config.traffic, {
      ...parts,
      telemetry,
      signer,
      keepHeaders: collecting !== undefined,
      after: afterTimeout,
    }),
  );

  const spenders = new Spenders(parts.now);
  const admitOperation = createAdmission(config, {
    budget,
    spenders,
    measured: (code) => telemetry.limitMeasured(code),
  });
  const settlement = createSettlement(config.rateLimit, {
    budget,
    spenders,
    settled: (points, outcome) => telemetry.budgetSettled(points, outcome),
    later: setImmediate,
  });
  const { execute, callsFor } = createExecution({
    telemetry,
    monotonic,
    traffic: config.traffic,
    settlement,
    forward: createForwarding(config.headers),
    collecting,
    subgraphErrors: createErrorPolicy(config.response, telemetry.log),
  });
  const admit = async (asked: Operation, inputs: Variables, caller: Caller): Promise<Admitted> => {
    const { identity, request } = caller;
    const { guard } = asked;
    const { restriction, wouldDeny } = authorize(config.authorization.mode, {
      guard,
      inputs,
      subject: identity,
    });
    if (wouldDeny.length > 0) telemetry.log.info({ name: asked.name, wouldDeny }, 'not authorized');
    const operation = restriction === undefined ? asked : asked.under(restriction);
    const { address } = request;
    return { operation, wouldDeny, ...(await admitOperation(operation, inputs, { identity, address })) };
  };

  const recipeParts = { telemetry, upstream, monotonic, admit, execute, callsFor };
  const createServed = (published: string) => {
    const separated = separateAuthorization(published);
    return createGeneration(
      { published, servable: separated.sdl },
      createRecipe(config, { ...recipeParts, separated }),
    );
  };
  const generations = built.use(
    await createGenerations<ApolloContext, GenerationParts, ServedGeneration>({
      source: createSupergraphSource(config.supergraph, parts.env),
      telemetry,
      monotonic,
      create: createServed,
      prove: (generation, previous) => prove(generation, previous, config.supergraph.warmOperations),
    }),
  );

  const persisted = built.use(
    await createPersistedOperations(config.persistedOperations, { redis: redis?.link, telemetry }),
  );
  const health = createHealth(() =>
    unreadiness({ supergraph: generations.currentId(), keys: authenticator.ready() }),
  );
  const handle = createPipeline({
    identify: ({ authorization, address }) =>
      authenticator.authenticate(authorization, addressBlock(address)),
    pin: generations.pin,
    resolve: persisted.resolve,
    screen: (document) => screenDocument(document, config.limits),
    admit,
    execute,
    knownOperationsDirect: config.execution === 'compiled',
  });
  const server = built.use(
    await listen(config, {
      telemetry,
      health,
      monotonic,
      handle,
      clientAddress: createClientAddress(config.listen.trustedProxies),
    }),
  );
  const inspect = async (): Promise<Inspection> => ({
    metrics: telemetry.metrics,
    state: { supergraph: generations.currentId(), subgraphs: upstream.state(), spenders: spenders.report() },
    unready: health.unready(),
  });
  const admin =
    !parts.inPool && config.admin.enabled ? built.use(await listenAdmin(config.admin, inspect)) : undefined;

  const owned = built.move();
  return {
    url: server.url,
    adminUrl: admin?.url,
    telemetry,
    inspect,
    reload: generations.reload,
    async drain() {
      health.drain();
      await delay(config.shutdown.lameDuckMs);
      await server.drain(config.shutdown.graceMs);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type RecipeParts = Pick<PluginParts, 'admit'> &
  ReturnType<typeof createExecution> & {
    readonly telemetry: Telemetry;
    readonly upstream: Upstream;
    readonly monotonic: () => number;
    readonly separated: SeparatedSupergraph;
  };

/** How a supergraph becomes something that answers. */
function createRecipe(config: Config, parts: RecipeParts): GenerationRecipe<ApolloContext, GenerationParts> {
  const { telemetry, upstream, monotonic, admit, execute, callsFor, separated } = parts;
  const judge = createJudge(config.authorization.policies);
  return {
    async createParts(graph) {
      const planner = await createPlanner({
        supergraphSdl: separated.sdl,
        timeoutMs: config.planning.timeoutMs,
      });
      const pricing = createPricing(separated.sdl, config.rateLimit);
      for (const coordinate of pricing.unknownFields) telemetry.limitedFieldUnknown(coordinate);
      const operations = createOperations({
        graph,
        planner,
        guard: createGuards(graph.schema, separated.requirements, judge),
        entries: config.planning.cacheEntries,
        pricing,
        planned: (ms, outcome) => telemetry.planned(ms, outcome),
        monotonic,
      });
      const connection = connect(upstream.forGeneration(graph.routes), config.traffic.sharing);
      return {
        operations,
        connection,
        async [Symbol.asyncDispose]() {
          await Promise.all([operations[Symbol.asyncDispose](), connection[Symbol.asyncDispose]()]);
        },
      };
    },
    createPlugin: ({ operations }) => createApolloPlugin({ operations, admit }),
    createExecutor: ({ connection }, stock) =>
      config.execution === 'apollo'
        ? createFilteringExecutor(stock)
        : createGatewayExecutor((admitted, caller) => execute(admitted, caller, connection)),
    createDataSource: (subgraph, { connection }) =>
      createDataSource(subgraph, (context) => callsFor(callerIn(context), connection)),
    serverOptions: serverOptions(config, telemetry),
  };
}

function callerIn(context: Readonly<Record<string, unknown>>): Caller {
  return context as ApolloContext;
}

function serverOptions(
  { mode, supergraph, limits }: Config,
  telemetry: Telemetry,
): GenerationRecipe<ApolloContext, GenerationParts>['serverOptions'] {
  return {
    introspection: supergraph.introspection ?? mode === 'development',
    hideSchemaDetailsFromClientErrors: mode === 'production',
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Ingress has checked this already, for every path.
    csrfPrevention: false,
    // Documents have been found before Apollo Server is asked.
    persistedQueries: false,
    parseOptions: { maxTokens: limits.tokens },
    formatError: createErrorMask((error) => logMasked(telemetry.log, error)),
    nodeEnv: mode,
    logger: telemetry.log,
  };
}

/** Asks a new generation a question and lets it plan what the one before was asked most, before clients may. */
async function prove(
  next: ServedGeneration,
  previous: ServedGeneration | undefined,
  warmOperations: number,
): Promise<void> {
  const { body } = await next.server.executeOperation(
    { query: '{ __typename }' },
    { contextValue: canary(next) },
  );
  if (body.kind !== 'single' || body.singleResult.errors !== undefined) {
    throw new Error(`the canary query was not answered: ${JSON.stringify(body)}`);
  }
  if (previous === undefined) return;
  const isValid = (document: DocumentNode) =>
    validate(next.graph.schema, document, specifiedRules).length === 0;
  await warm(next.parts.operations, previous.parts.operations, { count: warmOperations, isValid });
}

/** The request that the router makes to itself; its address keeps its cost off every client's budget. */
function canary({ graph }: ServedGeneration): ApolloContext {
  return {
    identity: ANONYMOUS,
    decided: {},
    request: {
      id: `canary-${graph.id}`,
      correlationId: undefined,
      method: 'POST',
      search: '',
      headers: {},
      authorization: [],
      body: undefined,
      address: `canary-${graph.id}`,
      mediaType: { name: 'application/json', named: false },
      trace: ROOT_CONTEXT,
      signal: new AbortController().signal,
    },
  };
}

async function connectToRedis(
  config: Config['redis'],
  parts: Omit<RedisParts, 'url' | 'telemetry'> & { readonly telemetry: Telemetry },
  stack: AsyncDisposableStack,
) {
  const { url, keyPrefix } = config;
  if (url === undefined) {
    parts.telemetry.withoutRedis();
    return undefined;
  }
  const link = stack.use(connectRedis(config, { ...parts, url }));
  const blocking = stack.use(connectBlockingRedis({ ...parts, url }));
  await link.tried;
  return { link, revocationStream: { redis: blocking.client, key: `${keyPrefix}revocations` } };
}

function unreadiness({
  supergraph,
  keys,
}: {
  readonly supergraph: string | undefined;
  readonly keys: boolean;
}): readonly string[] {
  return [...(supergraph === undefined ? ['no supergraph'] : []), ...(keys ? [] : ['no issuer keys'])];
}

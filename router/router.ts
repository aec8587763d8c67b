import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationStream } from 'pino';
import { LocalBuckets } from './rate-limit/local-buckets.ts';
import { RedisBuckets } from './rate-limit/redis-buckets.ts';
import { createClientAddress } from './rate-limit/client-address.ts';
import { TopConsumers } from './rate-limit/top-consumers.ts';
import type { Config } from './config/config-schema.ts';
import { warnOfRenamedKeys } from './config/renamed-keys.ts';
import { createExecution } from './operation/execute-operation.ts';
import { overrideConditions } from './operation/evaluate-overrides.ts';
import { createAuthenticator } from './authentication/authenticate.ts';
import { createIdentification } from './authentication/identification.ts';
import { warnOfShortSecrets } from './authentication/short-secrets.ts';
import { createSigner } from './authentication/signature.ts';
import type { Inspection } from './admin/admin-server.ts';
import type { BreakerCommand, CommandResult } from './admin/breaker-command.ts';
import { createGraphSelection, graphConditions } from './operation/select-graph.ts';
import { createEventLog } from './console/event-log.ts';
import { querySingle } from './console/process-queries.ts';
import type { RunQuery } from './console/process-queries.ts';
import { createProcessData } from './console/process-data.ts';
import { createLiveSeries } from './console/live-series.ts';
import { recordForConsole } from './console/recorded-telemetry.ts';
import { createRequestRing } from './console/request-ring.ts';
import { createSchemaVersions } from './console/schema-versions.ts';
import { createHealth } from './http/health.ts';
import { openHealthPort } from './http/health-port.ts';
import { listen } from './http/http-server.ts';
import type { ServePaths } from './http/request-path.ts';
import { createLoadShedding } from './load-shedding/load-shedding.ts';
import { createPressureWatch } from './load-shedding/pressure.ts';
import { RequestQueue } from './load-shedding/request-queue.ts';
import type { WatchPressure } from './load-shedding/pressure.ts';
import { createBreakerCommands } from './admin/apply-breaker-command.ts';
import { createPipeline } from './pipeline.ts';
import { createPlanner } from './planning/planner.ts';
import { createPersistedOperations } from './persisted-operations/persisted-operations.ts';
import type { Environment } from './config/yaml/read-yaml.ts';
import { openRedis } from './redis/connect.ts';
import type { ClaimCondition } from './request/identity.ts';
import { scheduleTimer } from './shared/schedule.ts';
import type { Schedule } from './shared/schedule.ts';
import { buildGeneration, smokeTest, watchCanaries } from './build-generation.ts';
import type { RollbackDecision } from './rollout/rollout-report.ts';
import { createRejectedOperations } from './rollout/rejected-operations.ts';
import type { Generation } from './build-generation.ts';
import { createConfiguredStages } from './wiring/configured-stages.ts';
import type { StageParts } from './wiring/configured-stages.ts';
import { createOperatorPorts } from './wiring/operator-ports.ts';
import { createRunningConfig } from './wiring/running-config.ts';
import { BoundedTextCache } from './shared/bounded-text-cache.ts';
import { fitSupergraph } from './supergraph/acceptance/accept-supergraph.ts';
import { createGenerations } from './supergraph/generations.ts';
import type { Create } from './supergraph/generations.ts';
import { composeInThread } from './supergraph/compose-in-thread.ts';
import { createSupergraphSources } from './supergraph/sources/create-sources.ts';
import { createRegistryReporters } from './supergraph/sources/registry-reporter.ts';
import type { RegistryReporters } from './supergraph/sources/registry-reporter.ts';
import { sourcesOf } from './supergraph/sources/source-config.ts';
import type { Compose } from './supergraph/sources/file-source.ts';
import { watchEventLoopDelay } from './telemetry/metrics/event-loop-delay.ts';
import { collectMetrics } from './telemetry/metrics/collect-metrics.ts';
import { startMetricsPush } from './telemetry/metrics/push-metrics.ts';
import { packageVersion } from './telemetry/package-version.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { startTracing } from './telemetry/spans/tracing.ts';
import { createTimerQueue } from './subgraph/call/timer-queue.ts';
import { checkCertificates } from './subgraph/transport/certificates.ts';
import { createCertificateExpiry } from './subgraph/transport/certificate-expiry.ts';
import { createSubgraphPool } from './subgraph/subgraph-pool.ts';
import type { UsageJson } from './usage/usage-json.ts';
import { createUsageRecorder } from './usage/usage-recorder.ts';

/** External dependencies of the router. Tests replace some of them. */
export type Parts = {
  readonly env: Environment;
  /** Wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Monotonic clock, in milliseconds. */
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly randomBytes: (size: number) => Buffer;
  readonly schedule: Schedule;
  /** Measures the load (pressure) of this process; tests replace it. */
  readonly watchPressure: WatchPressure | undefined;
  readonly fetch: typeof fetch;
  readonly compose: Compose;
  readonly createSources: typeof createSupergraphSources;
  readonly createPlanner: typeof createPlanner;
  readonly createExecution: typeof createExecution;
  readonly log: DestinationStream | undefined;
  /**
   * Whether this process is one of several workers. If so, the main process of the pool serves the admin
   * port.
   */
  readonly inPool: boolean;
};

const REAL_PARTS: Parts = {
  env: process.env,
  now: Date.now,
  monotonic: () => performance.now(),
  random: Math.random,
  randomBytes,
  schedule: scheduleTimer,
  watchPressure: undefined,
  fetch: globalThis.fetch,
  compose: composeInThread,
  createSources: createSupergraphSources,
  createPlanner,
  createExecution,
  log: undefined,
  inPool: false,
};

/** A running router. Disposing it closes all ports and connections. */
export type Router = AsyncDisposable & {
  readonly url: string;
  /** URL of the admin port; undefined if there is none. */
  readonly adminUrl: string | undefined;
  /** URL of the health port; undefined if there is none. */
  readonly healthUrl: string | undefined;
  readonly telemetry: Telemetry;
  readonly inspect: () => Promise<Inspection>;
  readonly applyBreakerCommand: (order: BreakerCommand) => CommandResult;
  /** Adds a function that is called each time this process rolls a canary back. */
  readonly onRollback: (listener: (decision: RollbackDecision) => void) => void;
  /** Ends a canary because another process of the router has rolled it back. */
  readonly rollBack: (decision: RollbackDecision) => void;
  /**
   * Returns the usage that this process has recorded: for each operation, the number of requests of each
   * client. Returns undefined if usage is not recorded.
   */
  readonly usage: () => Promise<UsageJson | undefined>;
  /** Runs a query of the router's console, such as `requests` or `history`, in this process. */
  readonly queryProcess: RunQuery;
  /** Reloads the supergraph. Resolves when the new one is active or was rejected. */
  readonly reload: () => Promise<void>;
  /**
   * Loads a new configuration and applies all changes that need no restart. If it is invalid or does not fit
   * the supergraph, nothing changes. The promise never rejects: the outcome is logged and shown by `/state`.
   */
  readonly reconfigure: (load: () => Config) => Promise<void>;
  /**
   * Shuts down without losing requests: reports not ready, closes the listening sockets, then waits for the
   * last responses.
   */
  readonly drain: () => Promise<void>;
};

/**
 * Creates and connects all parts of the router. A request passes `listen` → `createPipeline` → the stages in
 * the order of `pipeline.ts` → `subgraphPool`.
 * @throws {Error} if a port is in use
 */
export async function createRouter(config: Config, overrides: Partial<Parts> = {}): Promise<Router> {
  const parts: Parts = { ...REAL_PARTS, ...overrides };
  const { monotonic } = parts;
  await using built = new AsyncDisposableStack();
  const events = createEventLog(parts.now);
  const tracing = built.use(
    await startTracing(config.telemetry, { ...parts, onExportFailed: (event) => telemetry.spansLost(event) }),
  );
  const ownTelemetry = built.use(
    createTelemetry(config.telemetry, {
      now: parts.now,
      inPool: parts.inPool,
      schedule: parts.schedule,
      destination: parts.log,
      tracing,
      countsGraphs: Object.keys(config.graphs).length > 0,
    }),
  );
  const requests = createRequestRing({ ...config.console, now: parts.now });
  const series = createLiveSeries(parts.now);
  const telemetry = config.console.enabled
    ? recordForConsole(ownTelemetry, { events, requests, series })
    : ownTelemetry;

  const redis = built.use(await openRedis(config.redis, { ...parts, telemetry }));
  let conditions = claimConditions(config);
  const authenticator = built.use(
    createAuthenticator(config.authentication, {
      ...parts,
      telemetry,
      revocationStream: redis?.revocationStream,
      redis: redis?.link,
      claimConditions: () => conditions,
    }),
  );
  if (config.execution !== undefined)
    telemetry.log.warn('configuration key `execution` has no effect, remove it from router.yaml');
  warnOfShortSecrets(config.identity.keys, telemetry.log);
  warnOfRenamedKeys(config, telemetry.log);
  checkCertificates(config);
  const signer = createSigner(config.identity.keys, parts);
  const subgraphPool = built.use(
    createSubgraphPool(config.traffic, {
      ...parts,
      telemetry,
      signer,
      startTimer: createTimerQueue(parts),
    }),
  );

  const queue = new RequestQueue({ monotonic, nextTurn: setImmediate });
  const shedding = built.use(
    createLoadShedding(config.overload, {
      telemetry,
      queue,
      watchPressure: parts.watchPressure ?? createPressureWatch(parts),
    }),
  );
  const topConsumers = new TopConsumers(parts.now);
  const shared: StageParts = {
    ...parts,
    telemetry,
    redis: redis?.link,
    shedding,
    queue,
    topConsumers,
    localBuckets: new LocalBuckets(monotonic),
    sharedBuckets:
      redis &&
      built.use(
        new RedisBuckets(redis.link, {
          schedule: parts.schedule,
          onCall: () => telemetry.rateLimitScriptCalled(),
        }),
      ),
    latencyOf: series.latencyOf,
    staleTexts: new BoundedTextCache(config.degradation.staleMemoryBytes),
  };
  /**
   * Returns the function that builds everything that serves one version of the supergraph (a generation),
   * with the given configuration.
   */
  const createWith = (current: Config): Create<Generation> => {
    const stages = createConfiguredStages(current, shared);
    const generationParts = { ...parts, telemetry, subgraphPool, onFullHeap: shedding.onFullHeap, stages };
    return (supergraph, group) => buildGeneration(supergraph, current, { ...generationParts, group });
  };
  const versions = createSchemaVersions(parts.now);
  let reporters: RegistryReporters | undefined;
  const generations = built.use(
    await createGenerations({
      onLoaded: () => reporters?.notify(),
      onActivated: ({ graph }) => versions.activated(graph.id, graph.supergraphSdl),
      now: parts.now,
      schedule: parts.schedule,
      sources: parts.createSources(config.supergraph, parts),
      telemetry,
      monotonic,
      create: createWith(config),
      keepPreviousMs: config.supergraph.keepPreviousMs,
      smokeTest: (generation, previous) => smokeTest(generation, previous),
      canaries: watchCanaries(createRejectedOperations()),
    }),
  );

  reporters = built.use(
    createRegistryReporters(config.supergraph, {
      ...parts,
      telemetry,
      routerVersion: packageVersion(),
      supergraph: generations.status,
      rollout: generations.rollout,
    }),
  );
  reporters.notify();
  generations.onRollback(reporters.notify);
  const usage = built.use(createUsageRecorder(withFollowedRegistry(config), { ...parts, telemetry }));
  const persisted = built.use(await createPersistedOperations(config, { redis: redis?.link, telemetry }));
  const health = createHealth(() =>
    unreadiness({ supergraph: generations.currentId(), keys: authenticator.ready() }),
  );
  const handle = createPipeline({
    shedding,
    queue,
    identify: createIdentification(config.authentication, { authenticator, telemetry }),
    selectGraph: createGraphSelection(config.graphs),
    acquire: generations.acquire,
    resolve: persisted.resolve,
    recordUsage: usage?.record,
  });
  const serveConsole: { client?: ServePaths | undefined } = {};
  const server = built.use(
    await listen(config, {
      ...parts,
      telemetry,
      health,
      checkHead: shedding.checkHead,
      checkBody: shedding.checkBody,
      handle,
      clientAddress: createClientAddress(config.listen.trustedProxies),
      serveConsole: async (request, path) => serveConsole.client?.(request, path),
    }),
  );
  let { traffic } = config;
  const running = createRunningConfig(config, {
    now: parts.now,
    telemetry,
    async apply(next) {
      checkCertificates(next);
      ({ traffic } = next);
      await generations.rebuild(createWith(next), () => {
        conditions = claimConditions(next);
        server.reconfigure(next);
        telemetry.setLogLevel(next.telemetry.logLevel);
      });
      // The supergraph is loaded again: one that was rejected before may be valid with the new configuration.
      void generations.reload();
    },
    check(loaded, restart) {
      checkCertificates(loaded);
      createClientAddress(loaded.listen.trustedProxies);
      // If the source of the supergraph is to change at the next restart, the configuration will be used with
      // another supergraph, so it is not checked against the active one.
      if (restart.some((key) => key.startsWith('supergraph.'))) return;
      using lease = generations.acquireCurrent();
      if (lease !== undefined) fitSupergraph(lease.generation.supergraph, loaded);
    },
  });
  const subgraphs = () =>
    subgraphPool.state({
      canary: generations.canary()?.routes,
      previous: generations.previous()?.routes,
    });
  const state = () => ({
    supergraph: generations.status(),
    configuration: running.status(),
    requests: shedding.state(),
    rollout: generations.rollout(),
    subgraphs: subgraphs(),
    topConsumers: topConsumers.report(),
  });
  const inspect = async (): Promise<Inspection> => ({
    metrics: telemetry.metrics,
    state: state(),
    unready: health.unready(),
    supergraphs: [generations.status()],
  });
  telemetry.observe({
    supergraph: generations.status,
    // Supergraph versions may use different HTTP clients for one subgraph, but a metric has only one value
    // for it. Clients that only the canary or the previous version uses are therefore left out.
    subgraphs: () => subgraphs().filter(({ usedBy }) => usedBy === undefined),
    clients: server.clients,
    waitingRequests: () => queue.waiting,
    cachedOperations() {
      using lease = generations.acquireCurrent();
      return lease?.generation.operations.size();
    },
    certificates: createCertificateExpiry(() => traffic),
    eventLoopDelay: built.use(watchEventLoopDelay(parts)).quantiles,
  });
  // A worker does not push its metrics: the main process pushes those of all workers together.
  if (!parts.inPool)
    built.use(
      await startMetricsPush(config.telemetry, {
        collect: () => collectMetrics(telemetry.metrics),
        log: telemetry.log,
        now: parts.now,
        version: packageVersion(),
        schedule: parts.schedule,
      }),
    );
  const applyBreakerCommand = createBreakerCommands({
    force: subgraphPool.force,
    acquire: generations.acquireCurrent,
  });
  const reportUsage = async () => usage?.report();
  const queryProcess = createProcessData({
    status: generations.status,
    unready: health.unready,
    state,
    acquire: generations.acquireCurrent,
    manifests: persisted.manifests,
    config: running.current,
    events,
    versions,
    requests,
    series,
    authenticator,
    audit: telemetry.audit,
  });
  const operatorPorts = createOperatorPorts(config, {
    ...parts,
    telemetry,
    inspect,
    processes: querySingle(queryProcess),
    applyBreakerCommand,
    usage: reportUsage,
    clientPort: () => Number(new URL(server.url).port),
  });
  if (config.mode === 'development') serveConsole.client = operatorPorts.consoleOn('client');
  const admin = parts.inPool ? undefined : built.use(await operatorPorts.openAdminPort());
  const healthPort = parts.inPool ? undefined : built.use(await openHealthPort(config, health.unready));

  const owned = built.move();
  return {
    url: server.url,
    adminUrl: admin?.url,
    healthUrl: healthPort?.url,
    telemetry,
    inspect,
    applyBreakerCommand,
    onRollback: generations.onRollback,
    rollBack: generations.rollBack,
    usage: reportUsage,
    queryProcess,
    reload: generations.reload,
    reconfigure(load) {
      // This function runs after SIGHUP. Programs that rotate logs send this signal after they have renamed
      // the audit file, so a new file must be opened.
      telemetry.reopenAuditFile();
      return running.reconfigure(load);
    },
    async drain() {
      health.drain();
      healthPort?.publish();
      // No new supergraph is activated during the shutdown, because it would serve hardly any request.
      await generations.stopFollowing();
      await delay(config.shutdown.lameDuckMs);
      await server.drain(config.shutdown.graceMs);
      await usage?.flush();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Returns the conditions on token claims from the configuration sections `overrides` and `graphs`. The
 * authenticator evaluates these conditions for each token.
 */
function claimConditions({ overrides, graphs }: Config): readonly ClaimCondition[] {
  return [...overrideConditions(overrides), ...graphConditions(graphs)];
}

/**
 * Returns the settings of `usage`. By default, usage counts are sent to the registry from which the router
 * gets its supergraph.
 */
function withFollowedRegistry({ usage, supergraph }: Config): Config['usage'] {
  const followed = sourcesOf(supergraph).find((source) => source.kind === 'registry');
  return followed === undefined ? usage : { ...usage, registry: usage.registry ?? followed };
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

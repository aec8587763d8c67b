import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { DestinationStream } from 'pino';
import { createAdmission } from './rate-limit/charge.ts';
import { createRateLimiter } from './rate-limit/rate-limiter.ts';
import { addressBlock, createClientAddress, createPeerReader } from './rate-limit/client-address.ts';
import { checkLength } from './limits/check-document.ts';
import { createReconciliation } from './rate-limit/reconcile.ts';
import { TopConsumers } from './rate-limit/top-consumers.ts';
import { createOperationAuthorization } from './operation/authorize-operation.ts';
import { createOperationCharge } from './operation/charge-operation.ts';
import type { Config } from './config/config-schema.ts';
import { warnOfRenamedKeys } from './config/renamed-keys.ts';
import { createStaleValues } from './degradation/stale-store.ts';
import { createErrorBehavior } from './http/read-error-behavior.ts';
import { createCallerContexts } from './operation/caller-context.ts';
import { createExecution } from './operation/execute-operation.ts';
import { createOverrideEvaluation, overrideClaims } from './operation/evaluate-overrides.ts';
import { createPreparation } from './operation/prepare-operation.ts';
import { createHeaderCollector } from './headers/collection.ts';
import { createForwardedOrigin } from './headers/forwarded-origin.ts';
import { createForwarding } from './headers/forwarding.ts';
import { createAuthenticator } from './authentication/authenticate.ts';
import { warnOfShortSecrets } from './authentication/short-secrets.ts';
import { createSigner } from './authentication/signature.ts';
import { listenAdmin } from './admin/admin-server.ts';
import type { Inspection } from './admin/admin-server.ts';
import type { BreakerCommand, CommandResult } from './admin/breaker-command.ts';
import { createHealth } from './http/health.ts';
import { openHealthPort } from './http/health-port.ts';
import { listen } from './http/http-server.ts';
import { createLoadShedding } from './load-shedding/load-shedding.ts';
import { createPressureWatch } from './load-shedding/pressure.ts';
import type { WatchPressure } from './load-shedding/pressure.ts';
import { createBreakerCommands } from './admin/apply-breaker-command.ts';
import { createPipeline } from './pipeline.ts';
import { createPlanner } from './planning/planner.ts';
import { createPersistedOperations } from './persisted-operations/persisted-operations.ts';
import type { Environment } from './config/yaml/read-yaml.ts';
import { openRedis } from './redis/connect.ts';
import { createErrorPolicy } from './response/error-policy.ts';
import { createRespond } from './operation/respond.ts';
import { createSharedCaching } from './response/shared-caching.ts';
import { scheduleTimer } from './shared/schedule.ts';
import type { Schedule } from './shared/schedule.ts';
import { buildGeneration, smokeTest } from './build-generation.ts';
import { createGenerations } from './supergraph/generations.ts';
import { composeInThread } from './supergraph/compose-in-thread.ts';
import { createSupergraphSources } from './supergraph/sources/create-sources.ts';
import type { Compose } from './supergraph/sources/file-source.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { startTracing } from './telemetry/tracing.ts';
import { createTimerQueue } from './subgraph/call/timer-queue.ts';
import { subgraphSettings } from './subgraph/call/settings.ts';
import { checkCertificates } from './subgraph/transport/certificates.ts';
import { createSubgraphPool } from './subgraph/subgraph-pool.ts';

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
  /** Measures the load of this process; tests replace it. */
  readonly watchPressure: WatchPressure | undefined;
  readonly fetch: typeof fetch;
  readonly compose: Compose;
  readonly createPlanner: typeof createPlanner;
  readonly createExecution: typeof createExecution;
  readonly log: DestinationStream | undefined;
  /** Whether this process is one of several workers. The pool then serves the admin port. */
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
  /** Reloads the supergraph. Resolves when the new one is active or was rejected. */
  readonly reload: () => Promise<void>;
  /**
   * Shuts down without losing requests: reports not ready, closes the listening sockets, then waits for the
   * last responses.
   */
  readonly drain: () => Promise<void>;
};

/**
 * Creates and connects all parts. A request passes `listen` → `createPipeline` → the stages in the order of
 * `pipeline.ts` → `subgraphPool`.
 * @throws {Error} if a port is in use
 */
export async function createRouter(config: Config, overrides: Partial<Parts> = {}): Promise<Router> {
  const parts: Parts = { ...REAL_PARTS, ...overrides };
  const { monotonic } = parts;
  await using built = new AsyncDisposableStack();
  const telemetry = createTelemetry(config.telemetry, {
    destination: parts.log,
    provider: built.use(await startTracing(config.telemetry))?.provider,
  });

  const redis = built.use(await openRedis(config.redis, { ...parts, telemetry }));
  const authenticator = built.use(
    createAuthenticator(config.authentication, {
      ...parts,
      telemetry,
      revocationStream: redis?.revocationStream,
      redis: redis?.link,
      overrideClaims: overrideClaims(config.overrides),
    }),
  );
  const rateLimiter = createRateLimiter(config.rateLimit, {
    monotonic,
    telemetry,
    redis: redis?.link,
    processes: config.workers,
  });
  const headerCollector = createHeaderCollector(config.headers);
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
      keepHeaders: headerCollector !== undefined,
      startTimer: createTimerQueue(parts),
    }),
  );

  const shedding = built.use(
    createLoadShedding(config.overload, {
      telemetry,
      watchPressure: parts.watchPressure ?? createPressureWatch(parts),
    }),
  );
  const topConsumers = new TopConsumers(parts.now);
  const admission = createAdmission(config, {
    rateLimiter,
    topConsumers,
    shed: shedding.checkOperation,
    measured: (code) => telemetry.limitMeasured(code),
  });
  const reconciliation = createReconciliation(config.rateLimit, {
    rateLimiter,
    topConsumers,
    onReconciled: (points, outcome) => telemetry.rateLimitReconciled(points, outcome),
    later: setImmediate,
  });
  const execute = parts.createExecution({
    telemetry,
    deduplication: config.traffic.deduplication,
    reconciliation,
    callerContext: createCallerContexts({
      monotonic,
      deadlineMs: config.traffic.deadlineMs,
      forward: createForwarding(config.headers),
      origin: createForwardedOrigin(config.headers.forwarded, createPeerReader(config.listen.trustedProxies)),
      isDeduplicated: headerCollector?.passesCookies !== true,
    }),
    evaluateOverrides: createOverrideEvaluation(config.overrides),
    headerCollector,
    staleValues: createStaleValues(config.degradation, {
      redis: redis?.link,
      now: parts.now,
      later: setImmediate,
      outageCodes: (service) => subgraphSettings(config.traffic, service).breaker.errorCodes,
    }),
    subgraphErrors: createErrorPolicy(config, telemetry.log),
  });

  const generations = built.use(
    await createGenerations({
      now: parts.now,
      schedule: parts.schedule,
      sources: createSupergraphSources(config.supergraph, parts),
      telemetry,
      monotonic,
      create: (supergraphSdl) =>
        buildGeneration(supergraphSdl, config, {
          ...parts,
          telemetry,
          subgraphPool,
          onFullHeap: shedding.onFullHeap,
        }),
      smokeTest: (generation, previous) => smokeTest(generation, previous, config.supergraph.warmOperations),
    }),
  );

  const persisted = built.use(await createPersistedOperations(config, { redis: redis?.link, telemetry }));
  const health = createHealth(() =>
    unreadiness({ supergraph: generations.currentId(), keys: authenticator.ready() }),
  );
  const handle = createPipeline({
    shedding,
    identify: ({ authorization, address }) =>
      authenticator.authenticate(authorization, addressBlock(address)),
    acquire: generations.acquire,
    errorBehavior: createErrorBehavior(config),
    resolve: persisted.resolve,
    prepare: createPreparation({
      checkUnseen: shedding.checkUnseen,
      checkLength: (document) => checkLength(document, config.limits),
      ...admission,
    }),
    authorize: createOperationAuthorization(config, telemetry),
    charge: createOperationCharge(admission),
    execute,
    respond: createRespond(createSharedCaching(config.response)),
    chargingRejections: admission.chargingRejections,
  });
  const server = built.use(
    await listen(config, {
      ...parts,
      telemetry,
      health,
      checkHead: shedding.checkHead,
      handle,
      clientAddress: createClientAddress(config.listen.trustedProxies),
    }),
  );
  const inspect = async (): Promise<Inspection> => ({
    metrics: telemetry.metrics,
    state: {
      supergraph: generations.status(),
      requests: shedding.state(),
      subgraphs: subgraphPool.state(),
      topConsumers: topConsumers.report(),
    },
    unready: health.unready(),
    supergraphs: [generations.status()],
  });
  telemetry.observe({ supergraph: generations.status, subgraphs: () => subgraphPool.state() });
  const applyBreakerCommand = createBreakerCommands({
    force: subgraphPool.force,
    acquire: generations.acquire,
  });
  const admin =
    !parts.inPool && config.admin.enabled
      ? built.use(await listenAdmin(config, { inspect, applyBreakerCommand, now: parts.now }))
      : undefined;
  const healthPort = parts.inPool ? undefined : built.use(await openHealthPort(config, health.unready));

  const owned = built.move();
  return {
    url: server.url,
    adminUrl: admin?.url,
    healthUrl: healthPort?.url,
    telemetry,
    inspect,
    applyBreakerCommand,
    reload: generations.reload,
    async drain() {
      health.drain();
      healthPort?.publish();
      await delay(config.shutdown.lameDuckMs);
      await server.drain(config.shutdown.graceMs);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
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

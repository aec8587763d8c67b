import { createAdmission } from '../rate-limit/charge.ts';
import type { LocalBuckets } from '../rate-limit/local-buckets.ts';
import { createRateLimiter } from '../rate-limit/rate-limiter.ts';
import type { RedisBuckets } from '../rate-limit/redis-buckets.ts';
import { createPeerReader } from '../rate-limit/client-address.ts';
import { createReconciliation } from '../rate-limit/reconcile.ts';
import type { TopConsumers } from '../rate-limit/top-consumers.ts';
import type { Config } from '../config/config-schema.ts';
import { createStaleValues } from '../degradation/stale-store.ts';
import { createForwardedOrigin } from '../headers/forwarded-origin.ts';
import { createForwarding } from '../headers/forwarding.ts';
import { createHeaderCollector } from '../headers/collection.ts';
import { createErrorBehavior } from '../http/read-error-behavior.ts';
import { checkLength } from '../limits/check-document.ts';
import type { LoadShedding } from '../load-shedding/load-shedding.ts';
import type { RequestQueue } from '../load-shedding/request-queue.ts';
import { createOperationAuthorization } from '../operation/authorize-operation.ts';
import type { AuthorizeOperation } from '../operation/authorize-operation.ts';
import { createCallerContexts } from '../operation/caller-context.ts';
import { createOperationCharge } from '../operation/charge-operation.ts';
import type { ChargeOperation } from '../operation/charge-operation.ts';
import { createOverrideEvaluation } from '../operation/evaluate-overrides.ts';
import type { ExecuteOperation, createExecution } from '../operation/execute-operation.ts';
import { createPreparation } from '../operation/prepare-operation.ts';
import type { PrepareOperation } from '../operation/prepare-operation.ts';
import { createPlanExplanation } from '../operation/explain-plan.ts';
import type { ExplainPlan } from '../operation/explain-plan.ts';
import type { LatencyOf } from '../planning/describe-plan.ts';
import { createRespond } from '../operation/respond.ts';
import type { Respond } from '../operation/respond.ts';
import type { OperationAdmission } from '../rate-limit/charge.ts';
import type { RedisLink } from '../redis/connect.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { createErrorPolicy } from '../response/error-policy.ts';
import { createSharedCaching } from '../response/shared-caching.ts';
import type { BoundedTextCache } from '../shared/bounded-text-cache.ts';
import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import { subgraphSettings } from '../subgraph/call/settings.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/**
 * Stages of a request that depend on the configuration. A request in flight keeps its stages when the
 * configuration changes.
 */
export type ConfiguredStages = {
  readonly errorBehavior: (request: ClientRequest) => ErrorBehavior;
  readonly prepare: PrepareOperation;
  readonly authorize: AuthorizeOperation;
  readonly charge: ChargeOperation;
  readonly execute: ExecuteOperation;
  /** Returns a description of an operation's query plan, for callers that may see the plan. */
  readonly explain: ExplainPlan;
  readonly respond: Respond;
  /**
   * Runs later stages of a request. If they reject it and the caller was charged nothing for it yet, the
   * caller is charged one point, so that invalid requests are not free.
   */
  readonly chargingRejections: OperationAdmission['chargingRejections'];
  /** True if header rules need the headers of subgraph responses, which are otherwise discarded. */
  readonly keepsHeaders: boolean;
};

/** State and connections that all request stages share. They stay the same when the configuration changes. */
export type StageParts = {
  readonly telemetry: Telemetry;
  readonly redis: RedisLink | undefined;
  readonly shedding: Pick<LoadShedding, 'checkOperation' | 'checkUnseen'>;
  readonly queue: Pick<RequestQueue, 'makeRoom'>;
  readonly topConsumers: TopConsumers;
  readonly localBuckets: LocalBuckets;
  readonly sharedBuckets: RedisBuckets | undefined;
  /** Cache of values for stale-if-error, as JSON texts in the memory of this process. */
  readonly staleTexts: BoundedTextCache;
  readonly createExecution: typeof createExecution;
  /** Returns the median latency of a subgraph, from which the duration of a query plan is estimated. */
  readonly latencyOf?: LatencyOf | undefined;
  readonly now: () => number;
  readonly monotonic: () => number;
};

/** Creates the request stages that depend on the configuration. */
export function createConfiguredStages(config: Config, parts: StageParts): ConfiguredStages {
  const { telemetry, topConsumers, shedding, queue } = parts;
  const rateLimiter = createRateLimiter(config.rateLimit, {
    ...parts,
    local: parts.localBuckets,
    shared: parts.sharedBuckets,
    processes: config.workers,
  });
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
  const headerCollector = createHeaderCollector(config.headers);
  const evaluateOverrides = createOverrideEvaluation(config.overrides);
  const execute = parts.createExecution({
    telemetry,
    deduplication: config.traffic.deduplication,
    onShared: () => queue.makeRoom(),
    deadlineMs: config.traffic.deadlineMs,
    reconciliation,
    callerContext: createCallerContexts({
      monotonic: parts.monotonic,
      deadlineMs: config.traffic.deadlineMs,
      forward: createForwarding(config.headers),
      origin: createForwardedOrigin(config.headers.forwarded, createPeerReader(config.listen.trustedProxies)),
      isDeduplicated: headerCollector?.passesCookies !== true,
    }),
    evaluateOverrides,
    headerCollector,
    staleValues: createStaleValues(config.degradation, {
      redis: parts.redis,
      now: parts.now,
      later: setImmediate,
      outageCodes: (service) => subgraphSettings(config.traffic, service).breaker.errorCodes,
      recent: parts.staleTexts,
    }),
    subgraphErrors: createErrorPolicy(config, telemetry.log),
  });
  return {
    errorBehavior: createErrorBehavior(config),
    prepare: createPreparation({
      checkUnseen: shedding.checkUnseen,
      checkLength: (document) => checkLength(document, config.limits),
      ...admission,
    }),
    authorize: createOperationAuthorization(config, telemetry),
    charge: createOperationCharge(admission),
    execute,
    explain: createPlanExplanation({ evaluateOverrides, latencyOf: parts.latencyOf }),
    respond: createRespond(createSharedCaching(config.response)),
    chargingRejections: admission.chargingRejections,
    keepsHeaders: headerCollector !== undefined,
  };
}

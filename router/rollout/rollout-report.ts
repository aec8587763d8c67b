import { z } from 'zod';

/**
 * Upper bounds of the buckets in `latencyBuckets`, in milliseconds. One more bucket, without an upper bound,
 * follows the last one.
 */
export const LATENCY_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

const count = z.number().int().nonnegative();

/** Schema of the request counts of one supergraph version. */
const statsSchema = z.object({
  requests: count.describe('Requests that were executed, or rejected because of the generation.'),
  errors: count.describe('Of these, the ones with errors that the client did not cause.'),
  degraded: count.describe('Of these, the ones with a degraded response.'),
  breakerOpenings: count.describe('How often a circuit breaker of the generation has opened.'),
  latencyBuckets: z
    .array(count)
    .length(LATENCY_BOUNDS_MS.length + 1)
    .readonly()
    .describe('Requests by duration: up to each bound of LATENCY_BOUNDS_MS, and above the last one.'),
});

/**
 * Schema of the request counts of a canary and of the version that serves the other callers, since the canary
 * received its present share.
 */
export const canaryStatsSchema = z.object({
  launch: z.number().int(),
  began: count.default(0),
  percent: z.number(),
  window: z.object({ fromMs: z.number(), toMs: z.number() }),
  baseline: statsSchema,
  canary: statsSchema,
});

/** Schema of a router's decision to roll back a canary. */
export const rollbackDecisionSchema = z.object({
  kind: z.literal('rollback'),
  launch: z.number().int(),
  began: count.default(0),
  reason: z.string(),
});

/** Request counts of one supergraph version. */
export type Stats = z.output<typeof statsSchema>;

/**
 * Request counts of a canary and of the version that serves the other callers, since the canary received its
 * present share.
 */
export type CanaryStats = z.output<typeof canaryStatsSchema>;

/** Decision of a router to roll back a canary. */
export type RollbackDecision = z.output<typeof rollbackDecisionSchema>;

/**
 * A canary as the registry describes it to routers: a share of the callers is served with a newer supergraph,
 * published as a launch.
 */
export type CanaryRelease = {
  readonly launch: number;
  /**
   * Sequence number of the registry release (signed list of the supergraphs to serve) that began this canary.
   * If the same supergraph becomes a canary again after a rollback, the number is higher.
   */
  readonly began: number;
  readonly percent: number;
  /** State of the canary. A paused one still serves its share of the callers, but the share does not grow. */
  readonly state: 'running' | 'paused';
};

/** State of the canary in a router, as the router reports it to the registry. */
export type RolloutStatus = {
  /** The active canary, and since when it is active, in ISO 8601. */
  readonly canary: (CanaryRelease & { readonly version: string; readonly since: string }) | null;
  readonly canaryStats: CanaryStats | null;
  /** The last rollback that this router has decided. It becomes null when another canary begins. */
  readonly decision: RollbackDecision | null;
};

import { z } from 'zod';

/**
 * Upper bounds of the buckets of `latencyBuckets`, in milliseconds. The last bucket, which has no upper
 * bound, comes in addition.
 */
export const LATENCY_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000] as const;

const count = z.number().int().nonnegative();

/** Counts of the requests of one generation. */
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

/** Counts of a canary and of the generation that the other callers use, since the current step began. */
export const canaryStatsSchema = z.object({
  launch: z.number().int(),
  began: count.default(0),
  percent: z.number(),
  window: z.object({ fromMs: z.number(), toMs: z.number() }),
  baseline: statsSchema,
  canary: statsSchema,
});

/** Decision of one router to end a canary. */
export const rollbackDecisionSchema = z.object({
  kind: z.literal('rollback'),
  launch: z.number().int(),
  began: count.default(0),
  reason: z.string(),
});

/** Counts of the requests of one generation. */
export type Stats = z.output<typeof statsSchema>;

/** Counts of a canary and of the generation that the other callers use, since the current step began. */
export type CanaryStats = z.output<typeof canaryStatsSchema>;

/** Decision of one router to end a canary. */
export type RollbackDecision = z.output<typeof rollbackDecisionSchema>;

/** A share of the callers that uses the supergraph of another launch. */
export type CanaryRelease = {
  readonly launch: number;
  /**
   * Sequence of the release with which this canary began. A launch that was rolled back and begins again has
   * a higher one.
   */
  readonly began: number;
  readonly percent: number;
  /** A paused canary keeps its share of the callers. */
  readonly state: 'running' | 'paused';
};

/** State of the canary of a router, for its reports. */
export type RolloutStatus = {
  /** The canary that receives requests at present, with the time in ISO 8601 since which it does. */
  readonly canary: (CanaryRelease & { readonly version: string; readonly since: string }) | null;
  readonly canaryStats: CanaryStats | null;
  /** The last rollback that this router has decided; null again as soon as another canary begins. */
  readonly decision: RollbackDecision | null;
};

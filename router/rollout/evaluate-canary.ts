import { fisherTest } from './fisher-test.ts';
import type { Share } from './fisher-test.ts';
import { LATENCY_BOUNDS_MS } from './rollout-report.ts';
import type { Stats } from './rollout-report.ts';
import type { RolloutSettings } from './rollout-settings.ts';

/** Limits beyond which a canary counts as worse than the version that serves the other callers. */
export type CanaryLimits = Pick<
  RolloutSettings,
  'minRequests' | 'maxErrorIncrease' | 'maxDegradedIncrease' | 'maxSlowIncrease'
>;

/** Result of comparing a canary with the version that serves the other callers. */
export type CanaryEvaluation =
  | { readonly kind: 'rollback'; readonly reason: string }
  /** `healthy`: both versions have served enough requests, and the canary is not worse than the baseline. */
  | { readonly kind: 'healthy'; readonly reason: string }
  | { readonly kind: 'undecided'; readonly reason: string };

/**
 * A canary counts as worse if the probability that its difference from the baseline is due to chance is below
 * this value. The value is small, because a canary is evaluated up to about fifty times, and each evaluation
 * is another chance of a wrong result.
 */
const SIGNIFICANCE = 1e-4;

/** Number of requests that each version needs before a canary that fails most requests is recognized. */
const FIRST_REQUESTS = 20;

/** A canary counts as worse if its circuit breakers opened at least this often, and the baseline's never. */
const MAX_BREAKER_OPENINGS = 2;

/**
 * Compares a canary with the version that serves the other callers (the baseline). The result depends only on
 * the counts, not on the time or on earlier evaluations.
 */
export function evaluateCanary(canary: Stats, baseline: Stats, limits: CanaryLimits): CanaryEvaluation {
  const obvious = obviousFailure(canary, baseline);
  if (obvious !== undefined) return { kind: 'rollback', reason: obvious };
  const { minRequests } = limits;
  if (canary.requests < minRequests || baseline.requests < minRequests)
    return { kind: 'undecided', reason: tooFew(canary, baseline, minRequests) };
  const comparisons = comparisonsOf(canary, baseline, limits);
  const worse = comparisons.filter(isWorse);
  const openings = tooManyOpenings(canary, baseline);
  if (worse.length > 0 || openings !== undefined) {
    const reasons = [...worse.map(describe), ...(openings === undefined ? [] : [openings])];
    return { kind: 'rollback', reason: reasons.join('; ') };
  }
  return { kind: 'healthy', reason: comparisons.map(describe).join('; ') };
}

/**
 * Returns the number of requests of the canary at which it is evaluated next. Each evaluation needs 25 % more
 * requests than the one before. This limits the number of evaluations, each of which may be wrong.
 */
export function nextEvaluation(requests: number): number {
  return Math.max(FIRST_REQUESTS, Math.ceil(requests * 1.25));
}

type Comparison = {
  readonly name: string;
  readonly canary: Share;
  readonly baseline: Share;
  /**
   * Percentage points by which the canary's share, for example of failed requests, may exceed the baseline's
   * without counting as worse.
   */
  readonly tolerated: number;
};

function comparisonsOf(canary: Stats, baseline: Stats, limits: CanaryLimits): readonly Comparison[] {
  const compare = (name: string, count: (stats: Stats) => number, tolerated: number): Comparison => ({
    name,
    canary: { count: count(canary), of: canary.requests },
    baseline: { count: count(baseline), of: baseline.requests },
    tolerated,
  });
  const slow = slowBucket(baseline);
  return [
    compare('errors', ({ errors }) => errors, limits.maxErrorIncrease),
    compare('degraded responses', ({ degraded }) => degraded, limits.maxDegradedIncrease),
    ...(slow === undefined
      ? []
      : [
          compare(
            `responses slower than ${format(slow.boundMs)} ms`,
            (stats) => sum(stats.latencyBuckets.slice(slow.bucket)),
            limits.maxSlowIncrease,
          ),
        ]),
  ];
}

/**
 * Returns the first latency bucket that counts as slow, and its lower bound, which is at least twice the
 * baseline's 95th percentile. Undefined if no bucket has such a bound.
 */
function slowBucket(baseline: Stats): { readonly bucket: number; readonly boundMs: number } | undefined {
  const all = sum(baseline.latencyBuckets);
  let below = 0;
  const percentile = baseline.latencyBuckets.findIndex((count) => {
    below += count;
    return below >= all * 0.95;
  });
  const boundMs = LATENCY_BOUNDS_MS[percentile + 1];
  return boundMs === undefined ? undefined : { bucket: percentile + 2, boundMs };
}

function isWorse({ canary, baseline, tolerated }: Comparison): boolean {
  const increase = percentOf(canary) - percentOf(baseline);
  return increase > tolerated && fisherTest(canary, baseline) < SIGNIFICANCE;
}

/**
 * Recognizes a canary that fails most requests from the start, long before `minRequests` are counted. Returns
 * the reason to roll it back.
 */
function obviousFailure(canary: Stats, baseline: Stats): string | undefined {
  if (canary.requests < FIRST_REQUESTS || baseline.requests < FIRST_REQUESTS) return undefined;
  const errors = comparisonsOf(canary, baseline, NO_TOLERANCE)[0];
  const isObvious =
    errors !== undefined &&
    percentOf(errors.canary) > 50 &&
    percentOf(errors.baseline) < 25 &&
    fisherTest(errors.canary, errors.baseline) < SIGNIFICANCE;
  return isObvious ? describe(errors) : undefined;
}

const NO_TOLERANCE = { minRequests: 0, maxErrorIncrease: 0, maxDegradedIncrease: 0, maxSlowIncrease: 0 };

function tooManyOpenings(canary: Stats, baseline: Stats): string | undefined {
  if (canary.breakerOpenings < MAX_BREAKER_OPENINGS || baseline.breakerOpenings > 0) return undefined;
  return `circuit breakers opened ${canary.breakerOpenings} times, against none`;
}

function tooFew(canary: Stats, baseline: Stats, minRequests: number): string {
  const counts = `${format(canary.requests)} requests of the canary and ${format(baseline.requests)} others`;
  return `${counts}, at least ${format(minRequests)} of each are needed`;
}

/** Describes a comparison, such as `errors 38 of 400 (9.5 %) against 12 of 3,600 (0.3 %)`. */
function describe({ name, canary, baseline }: Comparison): string {
  return `${name} ${describeShare(canary)} against ${describeShare(baseline)}`;
}

function describeShare(share: Share): string {
  return `${format(share.count)} of ${format(share.of)} (${percentOf(share).toFixed(1)} %)`;
}

function percentOf({ count, of }: Share): number {
  return of === 0 ? 0 : (count / of) * 100;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

function format(count: number): string {
  return count.toLocaleString('en');
}

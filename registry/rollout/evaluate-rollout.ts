import { canaryStatsSchema, evaluateCanary, rollbackDecisionSchema } from '../../checks/canary.ts';
import type { CanaryEvaluation, CanaryStats, RolloutSettings, Stats } from '../../checks/canary.ts';
import { advance, endCanary } from './rollout-change.ts';
import type { CanaryState, RolloutChange, RolloutState } from './rollout-change.ts';

/** The last report of a router, as far as it concerns a canary. */
export type CanaryReport = {
  readonly instance: string;
  readonly canaryStats?: unknown;
  readonly decision?: unknown;
};

export type RolloutEvidence = {
  /** The last report of each router, also of those that have stopped: their requests have happened. */
  readonly reports: readonly CanaryReport[];
  /** Milliseconds that the canary has had its share of the callers, without pauses. */
  readonly stepMs: number;
};

const MINUTE_MS = 60_000;

/**
 * Returns the release that follows from the reports of the routers; undefined if the present one stays. The
 * first router that rolls a canary back ends it for all. For a next step, the sum of all reports counts.
 */
export function evaluateRollout(
  { serving, canary }: RolloutState,
  settings: RolloutSettings,
  { reports, stepMs }: RolloutEvidence,
): RolloutChange | undefined {
  if (canary === null) return undefined;
  const state = { serving, canary };
  const decided = firstDecision(reports, canary);
  if (decided !== undefined) return endCanary(state, `router ${decided.instance} found ${decided.reason}`);
  const { routers, evaluation } = compareCanary(canary, settings, reports);
  if (evaluation.kind === 'rollback')
    return endCanary(state, `${evaluation.reason}, in the sum of ${counted(routers)}`);
  const mayAdvance =
    evaluation.kind === 'healthy' &&
    canary.state === 'running' &&
    settings.promoteAutomatically &&
    stepMs >= settings.stepMinutes * MINUTE_MS;
  return mayAdvance
    ? advance(state, settings, `${evaluation.reason}, in the sum of ${counted(routers)}`)
    : undefined;
}

/** The counts of all routers in the present step of a canary, and their evaluation. */
export type CanaryComparison = {
  /** Number of routers with counts. */
  readonly routers: number;
  readonly canary: Stats;
  readonly rest: Stats;
  readonly evaluation: CanaryEvaluation;
};

/** Compares the canary with the rest, by the sum of all reports. */
export function compareCanary(
  canary: CanaryState,
  settings: RolloutSettings,
  reports: readonly CanaryReport[],
): CanaryComparison {
  const { routers, stats, baseline } = sumOf(reports, canary);
  const evaluation = evaluateCanary(stats, baseline, settings);
  return { routers, canary: stats, rest: baseline, evaluation };
}

function firstDecision(reports: readonly CanaryReport[], canary: CanaryState) {
  return reports
    .flatMap(({ instance, decision }) => {
      const { data } = rollbackDecisionSchema.safeParse(decision);
      return data?.launch === canary.launch && data.began === canary.began
        ? [{ instance, reason: data.reason }]
        : [];
    })
    .at(0);
}

/** Sums the counts of the present step. Those of earlier steps and canaries do not count. */
function sumOf(reports: readonly CanaryReport[], canary: CanaryState) {
  const counted = reports.flatMap(({ canaryStats }): readonly CanaryStats[] => {
    const { data } = canaryStatsSchema.safeParse(canaryStats);
    const isCurrent =
      data?.launch === canary.launch && data.began === canary.began && data.percent === canary.percent;
    return data !== undefined && isCurrent ? [data] : [];
  });
  return {
    routers: counted.length,
    stats: addAll(counted.map((stats) => stats.canary)),
    baseline: addAll(counted.map((stats) => stats.baseline)),
  };
}

function addAll(all: readonly Stats[]): Stats {
  const total = (count: (stats: Stats) => number) => all.reduce((sum, stats) => sum + count(stats), 0);
  const buckets = all[0]?.latencyBuckets ?? [];
  return {
    requests: total(({ requests }) => requests),
    errors: total(({ errors }) => errors),
    degraded: total(({ degraded }) => degraded),
    breakerOpenings: total(({ breakerOpenings }) => breakerOpenings),
    latencyBuckets: buckets.map((_, bucket) => total(({ latencyBuckets }) => latencyBuckets[bucket] ?? 0)),
  };
}

function counted(routers: number): string {
  return routers === 1 ? '1 router' : `${routers} routers`;
}

import type { RouterSeries, SeriesResult, SubgraphSeries } from '../../router/console/api-types.ts';

/** Figures of the last minute. A value is null if there was no call. */
export type RecentFigures = {
  readonly calls: number;
  readonly perSecond: number;
  readonly errorShare: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
};

const RECENT_MS = 60_000;

export type SubgraphRecentFigures = RecentFigures & {
  /** Share of all requests whose data of the subgraph is missing, stale or a fallback. */
  readonly degradedShare: number | null;
};

/** Returns the figures of a subgraph in the last minute; null if it has no series. */
export function recentFigures(series: SeriesResult, subgraph: string): SubgraphRecentFigures | null {
  const { router, stepMs } = series;
  const own = series.subgraphs[subgraph];
  if (own === undefined) return null;
  return {
    ...figuresOf(own.calls, own.errors, { ...own, stepMs }),
    degradedShare: share(recentSum(own.degraded, stepMs), recentSum(router.requests, stepMs)),
  };
}

/** Returns the figures of all requests in the last minute. */
export function routerFigures({ router, stepMs }: SeriesResult): RecentFigures & {
  readonly degradedShare: number | null;
  readonly rejected: number;
} {
  const figures = figuresOf(router.requests, router.errors, { ...router, stepMs });
  return {
    ...figures,
    degradedShare: share(recentSum(router.degraded, stepMs), figures.calls),
    rejected: recentSum(router.rejected, stepMs),
  };
}

type Percentiles = Pick<SubgraphSeries | RouterSeries, 'p50' | 'p95' | 'p99'> & { readonly stepMs: number };

/** Returns the sum of the values of the last minute. */
export function recentSum(values: readonly number[], stepMs: number): number {
  return sumOf(values.slice(-Math.max(1, Math.round(RECENT_MS / stepMs))));
}

function figuresOf(
  calls: readonly number[],
  errors: readonly number[],
  { p50, p95, p99, stepMs }: Percentiles,
): RecentFigures {
  const steps = Math.max(1, Math.round(RECENT_MS / stepMs));
  const recent = calls.slice(-steps);
  const sum = sumOf(recent);
  const mean = (values: readonly (number | null)[]) => weightedMean(values.slice(-steps), recent);
  return {
    calls: sum,
    perSecond: sum / ((recent.length * stepMs) / 1000 || 1),
    errorShare: share(sumOf(errors.slice(-steps)), sum),
    p50: mean(p50),
    p95: mean(p95),
    p99: mean(p99),
  };
}

/**
 * Returns the mean of the percentiles of single steps, weighted by calls: the percentile of a longer time
 * cannot be computed from them.
 */
function weightedMean(values: readonly (number | null)[], weights: readonly number[]): number | null {
  let [sum, weight] = [0, 0];
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    const own = weights[index] ?? 0;
    sum += value * own;
    weight += own;
  }
  return weight === 0 ? null : sum / weight;
}

function share(part: number, of: number): number | null {
  return of === 0 ? null : part / of;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

import type { ConsoleEvent, Percentiles, SeriesResult, SubgraphSeries } from '../api-types.ts';
import { percentile } from '../latency-buckets.ts';
import type { LatencyCounts } from '../latency-buckets.ts';
import { MAX_STEPS, STEP_MS } from '../live-series.ts';
import type { StepFigures, SubgraphFigures } from '../live-series.ts';

export type SeriesInput = {
  /** Metrics of each router process, one item per time step. */
  readonly processes: readonly (readonly StepFigures[])[];
  readonly minutes: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly events: readonly ConsoleEvent[];
};

/** Sums the metrics of all processes for each time step. Steps without metrics get zeros. */
export function seriesResult({ processes, minutes, now, events }: SeriesInput): SeriesResult {
  const last = Math.floor(now / STEP_MS);
  const length = Math.min(MAX_STEPS, Math.max(1, Math.ceil((minutes * 60_000) / STEP_MS)));
  const first = last - length + 1;
  const byStep = Map.groupBy(processes.flat(), ({ step }) => step);
  const steps = Array.from({ length }, (_, index) => byStep.get(first + index) ?? []);
  const sums = (read: (figures: StepFigures) => number) => steps.map((parts) => sum(parts.map(read)));
  const from = first * STEP_MS;
  return {
    stepMs: STEP_MS,
    from: new Date(from).toISOString(),
    router: {
      requests: sums(({ requests }) => requests),
      errors: sums(({ errors }) => errors),
      degraded: sums(({ degraded }) => degraded),
      rejected: sums(({ rejected }) => rejected),
      ...percentilesOf(steps.map((parts) => parts.map(({ latencies }) => latencies))),
    },
    subgraphs: Object.fromEntries(
      // Subgraphs are taken from the records of calls and from those of degraded responses, because a
      // subgraph whose circuit breaker is open degrades responses without being called.
      namesOf(steps, ({ subgraphs, degradedBy }) => ({ ...subgraphs, ...degradedBy })).map((name) => [
        name,
        {
          ...subgraphSeries(steps.map((parts) => parts.flatMap(({ subgraphs }) => subgraphs[name] ?? []))),
          degraded: sums(({ degradedBy }) => degradedBy[name] ?? 0),
        },
      ]),
    ),
    criticalPath: Object.fromEntries(
      namesOf(steps, ({ criticalPath }) => criticalPath).map((name) => [
        name,
        sums(({ criticalPath }) => criticalPath[name] ?? 0).map(rounded),
      ]),
    ),
    events: events.filter(({ at }) => Date.parse(at) >= from),
  };
}

function subgraphSeries(steps: readonly (readonly SubgraphFigures[])[]): Omit<SubgraphSeries, 'degraded'> {
  const sums = (read: (figures: SubgraphFigures) => number) => steps.map((parts) => sum(parts.map(read)));
  return {
    calls: sums(({ calls }) => calls),
    errors: sums(({ errors }) => errors),
    // The mean number of calls in flight is their total duration divided by the length of the time step
    // (Little's law).
    inFlight: sums(({ busyMs }) => busyMs / STEP_MS).map(rounded),
    waitedMs: sums(({ waitedMs }) => waitedMs).map(rounded),
    ...percentilesOf(steps.map((parts) => parts.map(({ latencies }) => latencies))),
  };
}

function percentilesOf(steps: readonly (readonly LatencyCounts[])[]): Percentiles {
  const at = (share: number) =>
    steps.map((parts) => {
      const ms = percentile(parts, share);
      return ms === undefined ? null : rounded(ms);
    });
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function namesOf(
  steps: readonly (readonly StepFigures[])[],
  read: (figures: StepFigures) => object,
): readonly string[] {
  return [...new Set(steps.flat().flatMap((figures) => Object.keys(read(figures))))].toSorted();
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

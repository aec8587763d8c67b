import { Registry } from 'prom-client';
import { combineSamples } from './combine.ts';
import type { CollectedMetric } from './collected-metric.ts';
import { register } from './series.ts';

/** Returns all metrics of a registry with their samples. */
export async function collectMetrics(registry: Registry): Promise<readonly CollectedMetric[]> {
  // The cast is needed, because the types of prom-client have no exemplars.
  return (await registry.getMetricsAsJSON()) as unknown as readonly CollectedMetric[];
}

/**
 * Combines the metrics of several processes, as if one process had counted them. Unlike the aggregation of
 * prom-client, this keeps exemplars. A metric that lists only its series with the highest values is limited
 * again after combining.
 */
export function combineMetrics(processes: readonly (readonly CollectedMetric[])[]): Registry {
  const combined = new Registry();
  for (const metric of combine(processes)) {
    const { name } = metric;
    register(combined, { name, get: () => Promise.resolve(metric), reset: () => undefined });
  }
  return combined;
}

/**
 * Maximum number of samples of one metric that are kept of exited processes. Label values can be names that
 * clients have chosen. Each exited process may add new names, so the number of samples must be limited.
 */
const MAX_KEPT_SAMPLES = 50_000;

/**
 * Adds the counters and histograms of an exited process to those of processes that exited earlier. Without
 * these values the sums of all processes would fall. Prometheus would interpret the fall as a restart of the
 * counters, and count all requests again.
 */
export function addExited(
  earlier: readonly CollectedMetric[],
  exited: readonly CollectedMetric[],
): readonly CollectedMetric[] {
  const before = new Map(earlier.map((metric) => [metric.name, metric]));
  return combine([earlier, exited]).map((metric) =>
    metric.values.length <= MAX_KEPT_SAMPLES
      ? metric
      : (before.get(metric.name) ?? { ...metric, values: [] }),
  );
}

/** Returns the counters and histograms among metrics: those whose values only grow. */
export function countsIn(metrics: readonly CollectedMetric[]): readonly CollectedMetric[] {
  return metrics.filter(({ type }) => type !== 'gauge');
}

function combine(processes: readonly (readonly CollectedMetric[])[]): readonly CollectedMetric[] {
  const byName = Map.groupBy(processes.flat(), ({ name }) => name);
  return [...byName.values()].flatMap((metrics) => {
    const [first] = metrics;
    if (first === undefined || first.aggregator === 'omit') return [];
    const all = combineSamples(
      metrics.flatMap(({ values }) => values),
      first.aggregator,
    );
    return { ...first, values: first.top === undefined ? all : highest(all, first.top) };
  });
}

function highest(samples: CollectedMetric['values'], count: number): CollectedMetric['values'] {
  return samples.toSorted((a, b) => b.value - a.value).slice(0, count);
}

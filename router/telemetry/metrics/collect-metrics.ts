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
  for (const [name, metrics] of Map.groupBy(processes.flat(), (metric) => metric.name)) {
    const [first] = metrics;
    if (first === undefined || first.aggregator === 'omit') continue;
    const all = combineSamples(
      metrics.flatMap(({ values }) => values),
      first.aggregator,
    );
    const values = first.top === undefined ? all : highest(all, first.top);
    register(combined, {
      name,
      get: () => Promise.resolve({ ...first, values }),
      reset: () => undefined,
    });
  }
  return combined;
}

function highest(samples: CollectedMetric['values'], count: number): CollectedMetric['values'] {
  return samples.toSorted((a, b) => b.value - a.value).slice(0, count);
}

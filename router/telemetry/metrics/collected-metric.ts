import type { MetricDefinition } from './definitions.ts';

/** One sample of a metric, as prom-client collects it. */
export type Sample = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Null in samples of prom-client without one. */
  readonly exemplar?: Exemplar | null;
};

/** A request that explains a sample. Only the OpenMetrics format has exemplars. */
export type Exemplar = {
  readonly labelSet: { readonly trace_id: string };
  readonly value: number;
  /** Seconds since 1970. */
  readonly timestamp: number;
};

/** A metric with its samples, as a registry of prom-client returns it. */
export type CollectedMetric = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly aggregator: Combination;
  /** Number of series that are reported, those with the highest values; undefined if all are. */
  readonly top?: number;
  readonly values: readonly Sample[];
};

/** How the values of several samples with the same labels become one. */
export type Combination = NonNullable<MetricDefinition['aggregator']> | 'average' | 'first' | 'omit';

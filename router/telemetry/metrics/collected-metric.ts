import type { MetricDefinition } from './definitions.ts';

/** One sample of a metric, as prom-client collects it. */
export type Sample = {
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Exemplar of the sample; null if prom-client has stored none. */
  readonly exemplar?: Exemplar | null;
};

/**
 * Trace id of a request that a sample has counted, as an example. Only the OpenMetrics format has exemplars.
 */
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
  /** If set, only this number of series is reported: those with the highest values. */
  readonly top?: number;
  readonly values: readonly Sample[];
};

/** How samples with the same labels, from several processes, are combined to one value. */
export type Combination = NonNullable<MetricDefinition['aggregator']> | 'average' | 'first' | 'omit';

import type { HrTime } from '@opentelemetry/api';
import { ValueType } from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-metrics';
import type { CollectedMetric, Sample } from './collected-metric.ts';

/**
 * Enumeration values of the OpenTelemetry SDK. They are passed in, because the SDK is loaded only if metrics
 * are pushed.
 */
export type SdkValues = Pick<typeof Sdk, 'AggregationTemporality' | 'DataPointType' | 'InstrumentType'>;

export type ObservedTime = { readonly startTime: HrTime; readonly endTime: HrTime };

/**
 * Converts metrics, as prom-client collects them, to the format of the OpenTelemetry SDK. All values are
 * cumulative since the start.
 */
export function toMetricData(
  metrics: readonly CollectedMetric[],
  time: ObservedTime,
  sdk: SdkValues,
): Sdk.MetricData[] {
  return metrics.map((metric) => {
    const { name, help: description, values } = metric;
    const point = ({ labels, value }: Sample) => ({ ...time, attributes: { ...labels }, value });
    const base = { aggregationTemporality: sdk.AggregationTemporality.CUMULATIVE };
    const descriptor = { name, description, unit: '', valueType: ValueType.DOUBLE, advice: {} };
    switch (metric.type) {
      case 'counter':
        return {
          ...base,
          descriptor: { ...descriptor, type: sdk.InstrumentType.COUNTER },
          dataPointType: sdk.DataPointType.SUM,
          isMonotonic: true,
          dataPoints: values.map(point),
        };
      case 'gauge':
        return {
          ...base,
          descriptor: { ...descriptor, type: sdk.InstrumentType.GAUGE },
          dataPointType: sdk.DataPointType.GAUGE,
          dataPoints: values.map(point),
        };
      case 'histogram':
        return {
          ...base,
          descriptor: { ...descriptor, type: sdk.InstrumentType.HISTOGRAM },
          dataPointType: sdk.DataPointType.HISTOGRAM,
          dataPoints: histogramPoints(metric, time),
        };
    }
  });
}

function histogramPoints({ name, values }: CollectedMetric, time: ObservedTime) {
  const groups = Map.groupBy(values, ({ labels }) => JSON.stringify(attributesOf(labels)));
  return [...groups.values()].map((samples) => ({
    ...time,
    attributes: attributesOf(samples[0]?.labels ?? {}),
    value: histogramOf(name, samples),
  }));
}

function attributesOf(labels: Sample['labels']): Sample['labels'] {
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label !== 'le'));
}

/**
 * Converts the buckets of a histogram. The counts of prom-client's buckets include those of all lower
 * buckets; the counts of OTLP do not.
 */
function histogramOf(name: string, samples: readonly Sample[]): Sdk.Histogram {
  const buckets = samples.filter(({ metricName }) => metricName === `${name}_bucket`);
  const valueOf = (suffix: string) =>
    samples.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
  const boundaries = buckets.map(({ labels }) => Number(labels['le'])).filter(Number.isFinite);
  const counts = buckets.map(({ value }, index) => value - (buckets[index - 1]?.value ?? 0));
  return { buckets: { boundaries, counts }, sum: valueOf('sum'), count: valueOf('count') };
}

import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Sample } from './metrics/collected-metric.ts';
import { METRICS } from './metrics/definitions.ts';
import type { MetricDefinition } from './metrics/definitions.ts';
import { FastCounter, underFormerName } from './metrics/fast-counter.ts';
import { FastHistogram } from './metrics/fast-histogram.ts';
import { register } from './metrics/series.ts';
import type { ResponseOutcome } from './metrics/response-outcome.ts';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * Creates and registers the metrics that the router counts itself. `registerGauges` adds the metrics
 * that are read from the state of other modules, such as the operation cache.
 */
export function createMetrics(registry: Registry, { now }: { readonly now: () => number }) {
  const registers = [registry];
  const counter = (definition: MetricDefinition) => new Counter({ ...optionsOf(definition), registers });
  const gauge = (definition: MetricDefinition) =>
    new Gauge({ ...optionsOf(definition), registers, aggregator: definition.aggregator ?? 'sum' });
  const histogram = (definition: MetricDefinition) =>
    new Histogram({ ...optionsOf(definition), buckets: SECONDS, registers });
  const fastCounter = (definition: MetricDefinition, initial?: readonly (readonly string[])[]) => {
    const metric = new FastCounter(definition, initial);
    register(registry, metric);
    return metric;
  };
  const fastHistogram = (definition: MetricDefinition) => {
    const metric = new FastHistogram(definition, { upperBounds: SECONDS, now });
    register(registry, metric);
    return metric;
  };
  const renamedCounter = (definition: MetricDefinition & { readonly oldName: string }) => {
    // A counter without labels has the value 0 from the start; others have no series before the first count.
    const current = fastCounter(definition, definition.labels.length === 0 ? [[]] : []);
    register(registry, underFormerName(current, definition.oldName, formerLabels));
    return current;
  };
  return {
    requests: fastHistogram(METRICS.requests),
    responses: fastCounter(METRICS.responses, OUTCOMES),
    operations: fastHistogram(METRICS.operations),
    clients: fastCounter(METRICS.clients),
    criticalPath: fastHistogram(METRICS.criticalPath),
    errors: counter(METRICS.errors),
    calls: fastHistogram(METRICS.calls),
    connectionWait: fastHistogram(METRICS.connectionWait),
    retries: counter(METRICS.retries),
    ejections: counter(METRICS.ejections),
    breakerTransitions: counter(METRICS.breakerTransitions),
    degraded: counter(METRICS.degraded),
    rateLimit: renamedCounter(METRICS.rateLimit),
    rateLimitCalls: counter(METRICS.rateLimitCalls),
    rateLimitRejections: fastCounter(METRICS.rateLimitRejections),
    reconciliations: renamedCounter(METRICS.reconciliations),
    refunded: renamedCounter(METRICS.refunded),
    cutOff: counter(METRICS.cutOff),
    shed: counter(METRICS.shed),
    measured: counter(METRICS.measured),
    persisted: counter(METRICS.persisted),
    unlisted: counter(METRICS.unlisted),
    redisUp: gauge(METRICS.redisUp),
    keyFetches: counter(METRICS.keyFetches),
    authRejections: renamedCounter(METRICS.authRejections),
    cacheLookups: fastCounter(METRICS.cacheLookups, [['hit'], ['miss']]),
    deduplicated: fastCounter(METRICS.deduplicated, [['operation'], ['call']]),
    deprecated: fastCounter(METRICS.deprecated),
    planning: histogram(METRICS.planning),
    graphRequests: counter(METRICS.graphRequests),
    configurations: counter(METRICS.configurations),
    usageRequests: counter(METRICS.usageRequests),
    usageFailures: counter(METRICS.usageFailures),
    registryReports: counter(METRICS.registryReports),
    supergraphs: counter(METRICS.supergraphs),
  };
}

const OUTCOMES: readonly (readonly [ResponseOutcome])[] = [['ok'], ['partial'], ['rejected'], ['failed']];

function formerLabels(labels: Sample['labels']): Sample['labels'] {
  return labels['decision'] === 'rejected' ? { ...labels, decision: 'refused' } : labels;
}

function optionsOf({ name, help, labels }: MetricDefinition) {
  return { name, help, labelNames: [...labels] };
}

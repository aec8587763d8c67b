import { Counter, Gauge, Histogram, Registry } from 'prom-client';

type Metric = {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Values of the label `result`; absent if the metric has no label. */
  readonly results?: readonly string[];
};

/** The metrics of a registry by name. None of them names a graph, because they need no API key. */
export const REGISTRY_METRICS = {
  tributary_registry_publishes_total: {
    kind: 'counter',
    help: 'Publishes and deletions of subgraphs and contracts by this instance, without dry runs.',
    results: ['published', 'unchanged', 'composition_failed', 'rejected', 'error'],
  },
  tributary_registry_check_duration_seconds: {
    kind: 'histogram',
    help: 'Duration of checks by this instance, with the wait for the thread that performs them.',
    results: ['passed', 'failed', 'error'],
  },
  tributary_registry_composition_duration_seconds: {
    kind: 'histogram',
    help: 'Duration of compositions by this instance, with the wait for the thread that performs them.',
    results: ['composed', 'failed', 'error'],
  },
  tributary_registry_releases_total: { kind: 'counter', help: 'Releases made by this instance.' },
  tributary_registry_long_polls_open: {
    kind: 'gauge',
    help: 'Requests to this instance that wait for the next release.',
  },
  tributary_registry_routers: {
    kind: 'gauge',
    help: 'Routers that reported within the last ten minutes, to any instance. NaN without a database.',
  },
} as const satisfies Readonly<Record<string, Metric>>;

type MetricName = keyof typeof REGISTRY_METRICS;
type ResultOf<Name extends MetricName> = (typeof REGISTRY_METRICS)[Name] extends {
  readonly results: readonly (infer Result)[];
}
  ? Result
  : never;

export type PublishResultLabel = ResultOf<'tributary_registry_publishes_total'>;
export type CheckResultLabel = ResultOf<'tributary_registry_check_duration_seconds'>;
export type CompositionResultLabel = ResultOf<'tributary_registry_composition_duration_seconds'>;

/** Counts what an instance of the registry does. */
export type RegistryMetrics = {
  readonly countPublish: (result: PublishResultLabel) => void;
  readonly observeCheck: (result: CheckResultLabel, milliseconds: number) => void;
  readonly observeComposition: (result: CompositionResultLabel, milliseconds: number) => void;
  readonly countRelease: () => void;
  /** The text that Prometheus reads, and its content type. */
  readonly expose: () => Promise<{ readonly contentType: string; readonly text: string }>;
};

/** Values that are read when Prometheus reads the metrics. */
export type MetricSources = {
  readonly openLongPolls: () => number;
  readonly routers: () => Promise<number>;
};

const SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Creates the metrics of one registry. */
export function createRegistryMetrics({ openLongPolls, routers }: MetricSources): RegistryMetrics {
  const register = new Registry();
  const publishes = new Counter(options('tributary_registry_publishes_total', register));
  const releases = new Counter(options('tributary_registry_releases_total', register));
  const checks = durations('tributary_registry_check_duration_seconds', register);
  const compositions = durations('tributary_registry_composition_duration_seconds', register);
  const polls = new Gauge(options('tributary_registry_long_polls_open', register));
  const reported = new Gauge(options('tributary_registry_routers', register));
  for (const result of REGISTRY_METRICS.tributary_registry_publishes_total.results)
    publishes.inc({ result }, 0);
  return {
    countPublish: (result) => publishes.inc({ result }),
    observeCheck: (result, milliseconds) => checks.observe({ result }, milliseconds / 1000),
    observeComposition: (result, milliseconds) => compositions.observe({ result }, milliseconds / 1000),
    countRelease: () => releases.inc(),
    async expose() {
      polls.set(openLongPolls());
      reported.set(await routers().catch(() => Number.NaN));
      return { contentType: register.contentType, text: await register.metrics() };
    },
  };
}

function options(name: MetricName, register: Registry) {
  const metric: Metric = REGISTRY_METRICS[name];
  const labelNames = metric.results === undefined ? [] : ['result'];
  return { name, help: metric.help, labelNames, registers: [register] };
}

function durations(name: MetricName, register: Registry): Histogram {
  return new Histogram({ ...options(name, register), buckets: SECONDS });
}

import type { Registry } from 'prom-client';
import { combineSamples } from './combine.ts';
import type { CollectedMetric, Sample } from './collected-metric.ts';
import type { MetricDefinition } from './definitions.ts';

type Node<Series> = { readonly values: Map<string, Node<Series>>; series: Series | undefined };

/**
 * The series of one metric, found by the values of its labels. The lookup creates no string and no object,
 * because it runs for every request.
 */
export class SeriesByLabels<Series> {
  readonly #labels: readonly string[];
  readonly #oldLabels: readonly (readonly [old: string, index: number])[];
  readonly #create: () => Series;
  readonly #root: Node<Series> = { values: new Map(), series: undefined };

  constructor({ labels, oldLabels = {} }: MetricDefinition, create: () => Series) {
    this.#labels = labels;
    this.#oldLabels = Object.entries(oldLabels).map(([old, label]) => [old, labels.indexOf(label)]);
    this.#create = create;
  }

  /** Returns the series for the given label values, which are in the order of the metric's definition. */
  at(values: readonly string[]): Series {
    let node = this.#root;
    for (const value of values) {
      let next = node.values.get(value);
      if (next === undefined) node.values.set(value, (next = { values: new Map(), series: undefined }));
      node = next;
    }
    return (node.series ??= this.#create());
  }

  /** Returns all series with their labels. A renamed label is present under its new and its old name. */
  entries(): readonly (readonly [labels: Readonly<Record<string, string>>, series: Series])[] {
    return entriesOf(this.#root, []).map(([values, series]) => [this.#labelsOf(values), series]);
  }

  /** Removes all series whose first labels have the given values. */
  remove(prefix: readonly string[]): void {
    let node: Node<Series> | undefined = this.#root;
    for (const value of prefix.slice(0, -1)) node = node?.values.get(value);
    node?.values.delete(prefix.at(-1) ?? '');
  }

  clear(): void {
    this.#root.values.clear();
    this.#root.series = undefined;
  }

  #labelsOf(values: readonly string[]): Readonly<Record<string, string>> {
    const present = this.#labels.map((label, index) => [label, values[index] ?? '']);
    const old = this.#oldLabels.map(([label, index]) => [label, values[index] ?? '']);
    return Object.fromEntries([...present, ...old]);
  }
}

function entriesOf<Series>(
  { values, series }: Node<Series>,
  path: readonly string[],
): readonly (readonly [values: readonly string[], series: Series])[] {
  const below = [...values].flatMap(([value, node]) => entriesOf(node, [...path, value]));
  return series === undefined ? below : [[path, series], ...below];
}

/** Creates a gauge or counter whose samples are read by a function each time the metrics are collected. */
export function readMetric(
  { name, help, kind, aggregator = 'sum', top }: MetricDefinition,
  read: () => readonly Sample[],
): { readonly name: string; readonly get: () => Promise<CollectedMetric>; readonly reset: () => void } {
  return {
    name,
    // Samples with the same labels are combined, because a duplicate would make the whole response invalid
    // for Prometheus.
    get: () =>
      Promise.resolve({
        name,
        help,
        type: kind,
        aggregator,
        ...(top !== undefined && { top }),
        values: combineSamples(read(), aggregator),
      }),
    reset: () => undefined,
  };
}

/** Registers a metric with prom-client that is not an instance of prom-client's own classes. */
export function register(
  registry: Registry,
  metric: { readonly name: string; readonly get: () => Promise<CollectedMetric>; readonly reset: () => void },
): void {
  // The type of prom-client requires one of its own classes, so a cast is needed. The registry only uses
  // `name`, `get` and `reset`.
  registry.registerMetric(metric as unknown as Parameters<Registry['registerMetric']>[0]);
}

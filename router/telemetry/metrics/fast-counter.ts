import type { MetricDefinition } from './definitions.ts';
import { SeriesByLabels } from './series.ts';
import type { CollectedMetric, Sample } from './collected-metric.ts';

/**
 * A counter for prom-client's registry that is incremented for every request. Unlike the counter of
 * prom-client, it does not build a string of all labels each time.
 */
export class FastCounter {
  readonly name: string;
  readonly #definition: MetricDefinition;
  readonly #series: SeriesByLabels<{ count: number }>;

  /** @param initial label values of the series that exist from the start, with the count 0 */
  constructor(definition: MetricDefinition, initial: readonly (readonly string[])[] = []) {
    this.name = definition.name;
    this.#definition = definition;
    this.#series = new SeriesByLabels(definition, () => ({ count: 0 }));
    for (const labels of initial) this.#series.at(labels);
  }

  /**
   * Adds a value to the series with the given labels.
   * @param labels values of the labels, in the order of the metric's definition
   */
  inc(labels: readonly string[], value = 1): void {
    this.#series.at(labels).count += value;
  }

  /** Removes all series whose first labels have the given values. */
  remove(prefix: readonly string[]): void {
    this.#series.remove(prefix);
  }

  /** Called by prom-client to collect the metric. */
  get(): Promise<CollectedMetric> {
    const { name, help } = this.#definition;
    const values = this.#series.entries().map(([labels, { count }]) => ({ labels, value: count }));
    return Promise.resolve({ name, help, type: 'counter', aggregator: 'sum', values });
  }

  reset(): void {
    this.#series.clear();
  }
}

/**
 * Returns the metric that serves a counter under its former name. Existing dashboards keep working until the
 * next version removes the former name.
 * @param labelsOf returns the labels with the values that they had under the former name
 */
export function underFormerName(
  counter: FastCounter,
  name: string,
  labelsOf: (labels: Sample['labels']) => Sample['labels'],
) {
  return {
    name,
    async get(): Promise<CollectedMetric> {
      const current = await counter.get();
      const values = current.values.map(({ labels, value }) => ({ labels: labelsOf(labels), value }));
      return { ...current, name, help: `Deprecated name of ${counter.name}.`, values };
    },
    reset: () => undefined,
  };
}

import type { MetricDefinition } from './definitions.ts';
import { SeriesByLabels } from './series.ts';
import type { CollectedMetric } from './collected-metric.ts';

/**
 * A counter for a registry of prom-client that several parts increment for every request. The counter of
 * prom-client builds a text of all labels each time.
 */
export class FastCounter {
  readonly name: string;
  readonly #definition: MetricDefinition;
  readonly #series: SeriesByLabels<{ count: number }>;

  /** @param initial labels of the series that exist from the start, with the value 0 */
  constructor(definition: MetricDefinition, initial: readonly (readonly string[])[] = []) {
    this.name = definition.name;
    this.#definition = definition;
    this.#series = new SeriesByLabels(definition, () => ({ count: 0 }));
    for (const labels of initial) this.#series.at(labels);
  }

  /** @param labels values of the labels in the order of the definition */
  inc(labels: readonly string[]): void {
    this.#series.at(labels).count += 1;
  }

  /** Removes all series whose first labels have these values. */
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

import type { Combination, Exemplar, Sample } from './collected-metric.ts';

/** Combines the samples with the same name and labels into one sample. */
export function combineSamples(samples: readonly Sample[], combination: Combination): readonly Sample[] {
  const groups = Map.groupBy(samples, keyOf);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return group;
    const exemplar = latest(group);
    return [
      {
        ...first,
        value: combineValues(
          group.map(({ value }) => value),
          combination,
        ),
        ...(exemplar !== undefined && { exemplar }),
      },
    ];
  });
}

function keyOf({ metricName = '', labels }: Sample): string {
  return JSON.stringify([metricName, ...Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1))]);
}

function combineValues(values: readonly number[], combination: Combination): number {
  switch (combination) {
    case 'sum':
      return values.reduce((sum, value) => sum + value, 0);
    case 'average':
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    case 'max':
      return Math.max(...values);
    case 'min':
      return Math.min(...values);
    case 'first':
    case 'omit':
      return values[0] ?? Number.NaN;
  }
}

function latest(samples: readonly Sample[]): Exemplar | undefined {
  const exemplars = samples.flatMap(({ exemplar }) => (exemplar ? [exemplar] : []));
  return exemplars.toSorted((a, b) => b.timestamp - a.timestamp)[0];
}

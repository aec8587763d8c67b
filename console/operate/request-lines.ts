import type { SeriesResult } from '../../router/console/api-types.ts';

/** Returns the lines of requests per second. The last step is not over, so it has no rate yet. */
export function requestLines({ router, stepMs }: Pick<SeriesResult, 'router' | 'stepMs'>) {
  const rates = (counts: readonly number[]) =>
    counts.map((count, step) => (step === counts.length - 1 ? null : (count * 1000) / stepMs));
  return [
    { name: 'all', values: rates(router.requests), colourClass: 'plot-main' },
    { name: 'errors', values: rates(router.errors), colourClass: 'plot-bad', dash: [6, 3] },
    { name: 'degraded', values: rates(router.degraded), colourClass: 'plot-warn', dash: [2, 3] },
    { name: 'rejected', values: rates(router.rejected), colourClass: 'plot-soft', dash: [10, 3, 2, 3] },
  ];
}

import type { Percentiles } from '../../router/console/api-types.ts';
import type { PlotLine } from './plot.tsx';

/** Returns the lines of the three percentiles. */
export function latencyLines(
  { p50, p95, p99 }: Pick<Percentiles, 'p50' | 'p95' | 'p99'>,
  colourClass = 'plot-main',
): readonly PlotLine[] {
  return [
    { name: 'p50', values: p50, colourClass },
    { name: 'p95', values: p95, colourClass, dash: [6, 3] },
    { name: 'p99', values: p99, colourClass, dash: [2, 3] },
  ];
}

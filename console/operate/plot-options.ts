import type uPlot from 'uplot';
import type { PlotLine } from './plot.tsx';

type Options = {
  readonly lines: readonly PlotLine[];
  /** A colour for each line, then those of text, grid and events. */
  readonly colours: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly format: (value: number | null) => string;
  readonly onStep: (step: number | null) => void;
  readonly onDraw: (plot: uPlot) => void;
};

const FONT = '11px system-ui, sans-serif';
const AXIS_PX = 52;

/** Returns the options of a plot with a common cursor, without a legend of its own. */
export function plotOptions({ lines, colours, width, height, ...functions }: Options): uPlot.Options {
  const { format, onStep, onDraw } = functions;
  const [text = '', grid = ''] = colours.slice(lines.length);
  const axis = { stroke: text, font: FONT, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    padding: [6, 16, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, sync: { key: 'operate' }, drag: { x: false, y: false } },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, size: 22, values: timeLabels, space: 70 },
      {
        ...axis,
        size: AXIS_PX,
        space: 28,
        values: (_, splits) => splits.map((value) => rounded(format(value))),
      },
    ],
    series: [{}, ...lines.map((line, index) => seriesOf(line, colours[index] ?? text))],
    bands: bandsOf(lines),
    hooks: {
      setCursor: [(plot) => onStep(plot.cursor.idx ?? null)],
      draw: [onDraw],
    },
  };
}

function seriesOf({ dash, isFilled }: PlotLine, stroke: string): uPlot.Series {
  return {
    stroke,
    width: isFilled ? 1 : 1.5,
    points: { show: false },
    spanGaps: false,
    ...(dash !== undefined && { dash: [...dash] }),
    ...(isFilled === true && { fill: translucent(stroke) }),
  };
}

/** Values of an axis are round numbers: `40.0 ms` becomes `40 ms`. */
function rounded(text: string): string {
  return text.replace(/\.0+(?= |$)/, '');
}

/** Each filled line ends at the one below it, which comes before it. */
function bandsOf(lines: readonly PlotLine[]): uPlot.Band[] {
  return lines.flatMap(({ isFilled }, index): uPlot.Band[] =>
    isFilled === true && index > 0 ? [{ series: [index + 1, index] }] : [],
  );
}

/** `rgb(1, 2, 3)` becomes `rgba(1, 2, 3, 0.4)`. */
function translucent(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, 'rgba($1, 0.4)');
}

function timeLabels(_: uPlot, splits: number[], __: number, ___: number, stepS: number): string[] {
  return splits.map((seconds) => {
    const date = new Date(seconds * 1000);
    return stepS < DAY_S
      ? date.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
      : date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });
  });
}

const DAY_S = 86_400;

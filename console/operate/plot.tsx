import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ConsoleEvent } from '../../router/console/api-types.ts';
import { drawEvents, eventsWithin } from './plot-events.ts';
import { plotOptions } from './plot-options.ts';
import { useColours } from './use-colours.tsx';

/** One line of a plot. Lines differ by their dashes and their names, too, not by colour alone. */
export type PlotLine = {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** Class that sets `--colour`. */
  readonly colourClass: string;
  readonly dash?: readonly number[];
  /** Whether the area down to the line below is filled. */
  readonly isFilled?: boolean;
  /** Values for the legend, where `values` are sums. */
  readonly shown?: readonly (number | null)[];
};

export type PlotProps = {
  readonly label: string;
  readonly lines: readonly PlotLine[];
  readonly stepMs: number;
  /** Begin of the first step. */
  readonly from: string;
  readonly format: (value: number | null) => string;
  readonly events: readonly ConsoleEvent[];
  readonly height: 100 | 140;
  /** Whether the label is shown, or only read by screen readers. */
  readonly isTitled?: boolean;
};

/** Lines over time with a legend that shows the values at the cursor, or the last ones. */
export function Plot(props: PlotProps) {
  const { label, lines, format, height, isTitled = true } = props;
  const place = useRef<HTMLDivElement>(null);
  const [step, setStep] = useState<number | null>(null);
  const { colours, probe } = useColours(lines.map(({ colourClass }) => colourClass));
  useDrawing(place, { ...props, colours, onStep: setStep });
  return (
    <figure class="plot" aria-label={label}>
      <figcaption class="plot-legend">
        <span class={isTitled ? 'plot-title' : 'visually-hidden'}>{label}</span>
        {lines.map((line) => (
          <Entry key={line.name} line={line} step={step} format={format} />
        ))}
      </figcaption>
      <div ref={place} class={`plot-place plot-${height}`} aria-hidden="true" />
      {probe}
    </figure>
  );
}

type EntryProps = Pick<PlotProps, 'format'> & { readonly line: PlotLine; readonly step: number | null };

function Entry({ line: { name, values, shown, colourClass, dash }, step, format }: EntryProps) {
  const list = shown ?? values;
  const value = step === null ? list.findLast((one) => one !== null) : list[step];
  return (
    <span class={`plot-entry ${colourClass}`}>
      <svg class="plot-sample" viewBox="0 0 16 4" aria-hidden="true">
        <path d="M0 2h16" stroke-dasharray={dash?.map((part) => part / 2).join(' ')} />
      </svg>
      <span class="soft">{name}</span> <span class="number">{format(value ?? null)}</span>
    </span>
  );
}

type Drawing = PlotProps & {
  readonly colours: readonly string[];
  readonly onStep: (step: number | null) => void;
};

/** Creates the plot when its lines change, and gives it new data otherwise. */
function useDrawing(place: { readonly current: HTMLDivElement | null }, drawing: Drawing): void {
  const { lines, stepMs, from, events, height, colours } = drawing;
  const plot = useRef<uPlot>(undefined);
  const latest = useRef(drawing);
  latest.current = drawing;
  const data = useMemo(() => dataOf(lines, { stepMs, from }), [lines, stepMs, from]);
  const shape = [...colours, ...lines.map(({ name }) => name)].join();

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const created = new uPlot(
      plotOptions({
        lines: latest.current.lines,
        colours,
        height,
        width: element.clientWidth,
        format: (value) => latest.current.format(value),
        onStep: (step) => latest.current.onStep(step),
        onDraw: (self) => drawEvents(self, eventsWithin(latest.current.events, self), colours.at(-1) ?? ''),
      }),
      data,
      element,
    );
    plot.current = created;
    const observer = new ResizeObserver(() => created.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      created.destroy();
    };
  }, [shape, height]);
  useEffect(() => plot.current?.setData(data), [data, events]);
}

function dataOf(
  lines: readonly PlotLine[],
  { stepMs, from }: Pick<PlotProps, 'stepMs' | 'from'>,
): uPlot.AlignedData {
  const begin = Date.parse(from) / 1000;
  const steps = lines[0]?.values.length ?? 0;
  const times = Array.from({ length: steps }, (_, step) => begin + (step * stepMs) / 1000);
  return [times, ...lines.map(({ values }) => [...values])];
}

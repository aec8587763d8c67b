import { useMemo } from 'preact/hooks';
import type { SeriesResult } from '../../router/console/api-types.ts';
import { formatCount, formatDuration, formatRate } from '../frame/figures.ts';
import { DegradedFigure, Figure, LatencyFigures } from './figure.tsx';
import { latencyLines } from './latency-lines.ts';
import { Plot } from './plot.tsx';
import type { ProcessState } from './process-state.ts';
import { routerFigures } from './recent-figures.ts';
import { requestLines } from './request-lines.ts';

type Props = { readonly series: SeriesResult; readonly states: readonly ProcessState[] };

/** Figures of all requests: those of the last minute, and two plots. */
export function RouterPanel({ series, states }: Props) {
  const { router, stepMs, from, events } = series;
  const requests = useMemo(() => requestLines(series), [series]);
  const latency = useMemo(() => latencyLines(router), [router]);
  return (
    <section class="panel" aria-label="Requests">
      <Figures series={series} states={states} />
      <div class="plots">
        <Plot
          label="Requests per second"
          lines={requests}
          stepMs={stepMs}
          from={from}
          format={(value) => (value === null ? '–' : formatRate(value))}
          events={events}
          height={140}
        />
        <Plot
          label="Latency"
          lines={latency}
          stepMs={stepMs}
          from={from}
          format={formatDuration}
          events={events}
          height={140}
        />
      </div>
    </section>
  );
}

function Figures({ series, states }: Props) {
  const figures = routerFigures(series);
  const inFlight = states.reduce((sum, { requests }) => sum + (requests?.inFlight ?? 0), 0);
  const limit = states.reduce((sum, { requests }) => sum + (requests?.limit ?? 0), 0);
  return (
    <dl class="figures" title="Figures of the last minute. Percentiles are the mean of those of 5 seconds.">
      <LatencyFigures rate="requests/s" figures={figures} />
      <DegradedFigure share={figures.degradedShare} />
      <Figure name="rejected/min" value={formatCount(figures.rejected)} />
      <Figure name="in flight" value={formatCount(inFlight)} of={formatCount(limit)} />
    </dl>
  );
}

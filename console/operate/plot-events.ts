import type uPlot from 'uplot';
import type { ConsoleEvent, EventKind } from '../../router/console/api-types.ts';

/** A letter for each kind of event, drawn above its line. The list of events explains it. */
export const EVENT_SIGNS: Readonly<Record<EventKind, string>> = {
  'supergraph activated': '▲',
  'supergraph rejected': '✕',
  'canary started': '◐',
  'canary rolled back': '✕',
  'configuration changed': 'C',
  'configuration rejected': '✕',
  'breaker changed': 'B',
  command: '●',
};

/** Returns the events within the time of a plot. */
export function eventsWithin(events: readonly ConsoleEvent[], { scales }: uPlot): readonly ConsoleEvent[] {
  const { min, max } = scales['x'] ?? {};
  return events.filter(({ at }) => {
    const seconds = Date.parse(at) / 1000;
    return min != null && max != null && seconds >= min && seconds <= max;
  });
}

/** Draws a line and a sign for each event. */
export function drawEvents(plot: uPlot, events: readonly ConsoleEvent[], colour: string): void {
  const { ctx, bbox } = plot;
  const ratio = window.devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.lineWidth = ratio;
  ctx.font = `${9 * ratio}px system-ui, sans-serif`;
  ctx.textAlign = 'center';
  for (const { at, kind } of events) {
    const x = Math.round(plot.valToPos(Date.parse(at) / 1000, 'x', true));
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top + 10 * ratio);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(EVENT_SIGNS[kind], x, bbox.top + 8 * ratio);
  }
  ctx.restore();
}

import type { RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import { pathOf } from './critical-path.ts';
import { parallelFetches } from './path-steps.ts';
import { fetchNotes, routerNotes } from './step-notes.ts';

/** Total time of a request, in milliseconds, below which its times are written with one decimal place. */
const SHORT_MS = 10;

/**
 * Describes the critical path of a finished request in one line, such as `312 ms: order 40 → inventory 251
 * (waited 180 for a connection) → router 21`. The rounded parts add up to the rounded total.
 */
export function pathSentence(recorder: RequestRecorder): string {
  const { totalMs, joined } = recorder;
  const path = pathOf(recorder);
  const scale = totalMs < SHORT_MS ? 10 : 1;
  const format = (ms: number) => figureText(Math.round(ms * scale), scale);
  const besideOf = parallelFetches(recorder, path);
  const { figures, routerFigure } = roundedFigures(path, scale);
  let total = routerFigure;
  let text = '';
  let index = 0;
  for (const step of path.fetches) {
    const figure = figures[index++] ?? 0;
    total += figure;
    const ms = (step.until - step.from) / 1000;
    const notes = fetchNotes(step.record, ms, { beside: besideOf(step), format });
    if (figure === 0 && notes.length === 0) continue;
    text += `${step.record.subgraph} ${figureText(figure, scale)}${noteText(notes)} → `;
  }
  text += `router ${figureText(routerFigure, scale)}`;
  text += noteText(routerNotes(recorder, path, format));
  const shared = joined === undefined ? '' : `, sharing the execution of request ${joined}`;
  return `${figureText(total, scale)} ms: ${text}${shared}`;
}

function noteText(notes: readonly string[]): string {
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** Writes a time as text. `figure` is in milliseconds, or in tenths of a millisecond if `scale` is 10. */
function figureText(figure: number, scale: number): string {
  return scale === 1 ? String(figure) : `${Math.floor(figure / 10)}.${figure % 10}`;
}

/**
 * Rounds the times of the fetches and of the router, so that they add up to the rounded total. All times are
 * rounded down first. Then the times with the largest removed fractions are increased by one.
 */
function roundedFigures(
  { fetches, routerUs, totalUs }: RecordedPath,
  scale: number,
): { readonly figures: readonly number[]; readonly routerFigure: number } {
  const usPerFigure = 1000 / scale;
  const figures = fetches.map(({ from, until }) => Math.floor((until - from) / usPerFigure));
  let routerFigure = Math.floor(routerUs / usPerFigure);
  let missing = Math.round(totalUs / usPerFigure) - routerFigure;
  for (const figure of figures) missing -= figure;
  for (; missing > 0; missing -= 1) {
    let most = -1;
    let mostLostUs = 0;
    for (const [index, { from, until }] of fetches.entries()) {
      const lostUs = until - from - (figures[index] ?? 0) * usPerFigure;
      if (lostUs <= mostLostUs) continue;
      most = index;
      mostLostUs = lostUs;
    }
    if (most === -1 || routerUs - routerFigure * usPerFigure > mostLostUs) routerFigure += 1;
    else figures[most] = (figures[most] ?? 0) + 1;
  }
  return { figures, routerFigure };
}

import type { RecordedPath, RequestRecorder } from '../request/request-recorder.ts';
import { pathOf } from './critical-path.ts';
import { parallelFetches } from './path-steps.ts';
import { fetchNotes, routerNotes } from './step-notes.ts';

/** Total in milliseconds below which the times in the sentence have one decimal place. */
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
  const figures = roundedFigures(path, scale);
  let total = 0;
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
  const routerFigure = figures.at(-1) ?? 0;
  text += `router ${figureText(routerFigure, scale)}`;
  text += noteText(routerNotes(recorder, path, format));
  const shared = joined === undefined ? '' : `, sharing the execution of request ${joined}`;
  return `${figureText(total + routerFigure, scale)} ms: ${text}${shared}`;
}

function noteText(notes: readonly string[]): string {
  return notes.length === 0 ? '' : ` (${notes.join(', ')})`;
}

/** Writes a time as text. `figure` is in milliseconds, or in tenths of a millisecond if `scale` is 10. */
function figureText(figure: number, scale: number): string {
  return scale === 1 ? String(figure) : `${Math.floor(figure / 10)}.${figure % 10}`;
}

/**
 * Rounds the times of the fetches, and of the router as the last one, so that they add up to the rounded
 * total: all times are rounded down, then those that lost most are increased by one.
 */
function roundedFigures({ fetches, routerUs, totalUs }: RecordedPath, scale: number): readonly number[] {
  const usPerFigure = 1000 / scale;
  const figures: number[] = [];
  const lossesUs: number[] = [];
  let missing = Math.round(totalUs / usPerFigure);
  const add = (us: number) => {
    const figure = Math.floor(us / usPerFigure);
    figures.push(figure);
    lossesUs.push(us - figure * usPerFigure);
    missing -= figure;
  };
  for (const { from, until } of fetches) add(until - from);
  add(routerUs);
  for (; missing > 0; missing -= 1) {
    const most = indexOfLargest(lossesUs);
    figures[most] = (figures[most] ?? 0) + 1;
    lossesUs[most] = 0;
  }
  return figures;
}

function indexOfLargest(values: readonly number[]): number {
  let largest = 0;
  for (let index = 1; index < values.length; index += 1)
    if ((values[index] ?? 0) > (values[largest] ?? 0)) largest = index;
  return largest;
}

import type { RequestRecorder } from '../request/request-recorder.ts';
import { pathSteps } from './path-steps.ts';
import { fetchNotes, routerNotes } from './step-notes.ts';

/** Total below which the figures of a sentence have one decimal, in milliseconds. */
const SHORT_MS = 10;

/**
 * Describes the critical path of a finished request in one line, such as `312 ms: order 40 → inventory 251
 * (waited 180 for a connection) → router 21`. The rounded parts add up to the rounded total.
 */
export function pathSentence(recorder: RequestRecorder): string {
  const { totalMs, joined } = recorder;
  const steps = pathSteps(recorder);
  const scale = totalMs < SHORT_MS ? 10 : 1;
  const rounded = (ms: number) => format(Math.round(ms * scale), scale);
  const parts = [
    ...steps.fetches.map((step) => ({
      name: step.record.subgraph,
      ms: step.ms,
      notes: fetchNotes(step, rounded),
    })),
    { name: 'router', ms: steps.routerMs, notes: routerNotes(steps, totalMs, rounded) },
  ];
  const figures = roundToSum(parts.map(({ ms }) => ms * scale));
  const texts = parts.flatMap(({ name, notes }, index) => {
    const figure = figures[index] ?? 0;
    if (figure === 0 && notes.length === 0 && name !== 'router') return [];
    return [`${name} ${format(figure, scale)}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`];
  });
  const shared = joined === undefined ? '' : `, sharing the execution of request ${joined}`;
  const total = sumOf(figures);
  return `${format(total, scale)} ms: ${texts.join(' → ')}${shared}`;
}

function format(figure: number, scale: number): string {
  return scale === 1 ? String(figure) : (figure / scale).toFixed(1);
}

/**
 * Rounds numbers such that their sum is the rounded sum: all are rounded down, and those that lost most get
 * the rest.
 */
function roundToSum(values: readonly number[]): readonly number[] {
  const figures = values.map(Math.floor);
  let missing = Math.round(sumOf(values)) - sumOf(figures);
  if (missing === 0) return figures;
  const losses = values.map((value, index) => value - (figures[index] ?? 0));
  for (; missing > 0; missing -= 1) {
    const most = losses.indexOf(Math.max(...losses));
    figures[most] = (figures[most] ?? 0) + 1;
    losses[most] = 0;
  }
  return figures;
}

function sumOf(values: readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

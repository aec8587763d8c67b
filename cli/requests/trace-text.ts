import { columns } from '../registry/columns.ts';

/** The part of a trace that the text shows. */
export type ShownTrace = {
  readonly totalMs: number;
  readonly sentence: string;
  readonly fetches: readonly ShownFetch[];
};

type ShownFetch = {
  readonly id: number;
  readonly subgraph: string;
  readonly path: readonly string[];
  readonly startMs: number;
  readonly endMs: number;
  readonly outcome: string;
  readonly attempts: number;
  readonly joined: string | null;
  readonly sharedWith: number | null;
  readonly source: string;
};

/** Width of the time axis in characters. */
const WIDTH = 40;

/** Returns the waterfall of a trace as lines: one bar for each fetch, in the order in which they began. */
export function traceLines({ totalMs, fetches }: ShownTrace): readonly string[] {
  const rows = fetches.toSorted((a, b) => a.startMs - b.startMs || a.id - b.id);
  return columns(
    rows.map((fetch) => [
      `#${fetch.id} ${fetch.subgraph}`,
      `|${barOf(fetch, totalMs)}|`,
      `${fetch.startMs.toFixed(1)} + ${(fetch.endMs - fetch.startMs).toFixed(1)} ms`,
      [fetch.path.filter((part) => part !== '@').join('.'), ...notesOf(fetch)].filter(Boolean).join(', '),
    ]),
  );
}

function barOf({ startMs, endMs }: ShownFetch, totalMs: number): string {
  const columnOf = (ms: number) => Math.min(Math.round((ms / Math.max(totalMs, 0.001)) * WIDTH), WIDTH);
  const start = Math.min(columnOf(startMs), WIDTH - 1);
  const end = Math.max(columnOf(endMs), start + 1);
  return `${' '.repeat(start)}${'█'.repeat(end - start)}${' '.repeat(WIDTH - end)}`;
}

function notesOf({ outcome, attempts, joined, sharedWith, source }: ShownFetch): readonly string[] {
  const notes = [
    outcome !== 'OK' && outcome,
    attempts > 1 && `${attempts} attempts`,
    joined !== null && `call of request ${joined}`,
    sharedWith !== null && `same call as #${sharedWith}`,
    source !== 'subgraph' && `value from ${source}`,
  ];
  return notes.filter((note) => note !== false);
}

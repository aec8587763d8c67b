import type { RequestTrace, TracedFetch } from '../../../router/request/request-trace.ts';

export type SegmentKind = 'connection' | 'first-byte' | 'receiving' | 'merging';

/** A part of a bar, in milliseconds from the start of the request. */
export type Segment = { readonly kind: SegmentKind; readonly from: number; readonly to: number };

/** Returns the parts of the bar of a fetch, in the order of time, without empty ones. */
export function segmentsOf(fetch: TracedFetch): readonly Segment[] {
  const connected = Math.min(fetch.startMs + fetch.connectionMs, fetch.endMs);
  const firstByte = Math.max(connected, Math.min(fetch.firstByteMs ?? fetch.endMs, fetch.endMs));
  const all: readonly Segment[] = [
    { kind: 'connection', from: fetch.startMs, to: connected },
    { kind: 'first-byte', from: connected, to: firstByte },
    { kind: 'receiving', from: firstByte, to: fetch.endMs },
    { kind: 'merging', from: fetch.endMs, to: Math.max(fetch.mergedMs, fetch.endMs) },
  ];
  return all.filter(({ from, to }) => to > from);
}

/** Returns the labels beside the bar of a fetch. */
export function marksOf(fetch: TracedFetch): readonly { readonly text: string; readonly isBad: boolean }[] {
  const marks = [
    fetch.outcome !== 'OK' && { text: fetch.outcome, isBad: true },
    fetch.attempts > 1 && { text: `${fetch.attempts} attempts`, isBad: true },
    fetch.joined !== null && { text: `joined ${fetch.joined.slice(0, 8)}`, isBad: false },
    fetch.sharedWith !== null && { text: `same call as #${fetch.sharedWith}`, isBad: false },
    fetch.source === 'cache' && { text: 'cached', isBad: false },
    fetch.source === 'stale' && { text: 'stale value', isBad: true },
    fetch.source === 'fallback' && { text: 'fallback value', isBad: true },
    fetch.breaker !== 'closed' &&
      fetch.breaker !== 'off' && { text: `breaker ${fetch.breaker}`, isBad: true },
  ];
  return marks.filter((mark) => mark !== false);
}

/** A stretch of the critical path: in the row of a fetch, or in the row of the router. */
export type PathStretch = { readonly fetch: number | undefined; readonly from: number; readonly to: number };

/**
 * Returns the parts of the critical path with their times. They follow each other and their sum is the total,
 * so each begins where the one before ends.
 */
export function stretchesOf({ criticalPath }: RequestTrace): readonly PathStretch[] {
  let at = 0;
  return criticalPath.map((part) => {
    const from = at;
    at += part.ms;
    return { fetch: 'fetch' in part ? part.fetch : undefined, from, to: at };
  });
}

/** Fetches in the order in which they began. */
export function rowsOf({ fetches }: RequestTrace): readonly TracedFetch[] {
  return [...fetches].sort((a, b) => a.startMs - b.startMs || a.id - b.id);
}

/** Milliseconds of each fetch on the critical path. */
export function criticalMs({ criticalPath }: RequestTrace): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const part of criticalPath)
    if ('fetch' in part) sums.set(part.fetch, (sums.get(part.fetch) ?? 0) + part.ms);
  return sums;
}

/**
 * Milliseconds of the critical path by subgraph, the longest one first. `router` is the router itself, and
 * `router_` a subgraph that is called `router`.
 */
export function shares(trace: RequestTrace): readonly { readonly name: string; readonly ms: number }[] {
  const names = new Map(trace.fetches.map(({ id, subgraph }) => [id, subgraph]));
  const sums = new Map<string, number>();
  for (const part of trace.criticalPath) {
    const subgraph = 'fetch' in part ? names.get(part.fetch) : undefined;
    const name = subgraph === undefined ? ROUTER : subgraph.replace(/^router_*$/, '$&_');
    sums.set(name, (sums.get(name) ?? 0) + part.ms);
  }
  return [...sums].map(([name, ms]) => ({ name, ms })).sort((a, b) => b.ms - a.ms);
}

export const ROUTER = 'router';

const STEPS = [1, 2, 5];

/** Returns about six round values of the axis. */
export function ticksOf(totalMs: number, wanted = 6): readonly number[] {
  const rough = totalMs / wanted;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 0.001)));
  const step = (STEPS.find((factor) => factor * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(totalMs / step) + 1 }, (_, index) => index * step);
}

/** The end of a long path, which distinguishes fetches best. */
export function pathEnd(path: readonly string[]): string {
  const parts = path.filter((part) => part !== '@');
  return parts.length <= 2 ? parts.join('.') : `…${parts.slice(-2).join('.')}`;
}

/** The path of a fetch in words; root fields have none. */
export function pathText(path: readonly string[]): string {
  return path.filter((part) => part !== '@').join('.');
}

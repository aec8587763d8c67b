import type { HistoryResult } from '../api-types.ts';
import type { ProcessResults } from '../process-queries.ts';

const NO_RESULT = { supergraph: null, health: { ready: false, reasons: ['no process responds'] } };

/**
 * Merges the supergraph and the health that each process reports. The router is ready if all processes are
 * ready.
 */
export function mergeOverviews(results: readonly ProcessResults['overview'][]): ProcessResults['overview'] {
  const [first] = results;
  if (first === undefined) return NO_RESULT;
  const reasons = [...new Set(results.flatMap(({ health }) => health.reasons))];
  const active = results.find(({ supergraph }) => supergraph !== null) ?? first;
  return { supergraph: active.supergraph, health: { ready: reasons.length === 0, reasons } };
}

/** Milliseconds within which events of several processes with the same kind and text count as one event. */
const SAME_EVENT_MS = 10_000;

/**
 * Merges the events of all processes, the newest one first. An event that several processes report at about
 * the same time, such as the activation of a supergraph, is listed once.
 */
export function mergeEvents(histories: readonly HistoryResult['events'][]): HistoryResult['events'] {
  const lastAt = new Map<string, number>();
  return histories
    .flatMap((events, process) => events.map((event) => ({ event, process, at: Date.parse(event.at) })))
    .toSorted((a, b) => b.at - a.at)
    .filter(({ event, process, at }) => {
      // Equal events are merged only if different processes list them. If one process lists an event twice,
      // the event has happened twice.
      const keys = histories.map((_, index) => `${index} ${event.kind} ${event.text}`);
      const isRepeated = keys.some(
        (key, index) => index !== process && (lastAt.get(key) ?? Infinity) - at < SAME_EVENT_MS,
      );
      if (!isRepeated) lastAt.set(keys[process] ?? '', at);
      return !isRepeated;
    })
    .map(({ event }) => event);
}

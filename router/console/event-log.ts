import type { ConsoleEvent, EventKind } from './api-types.ts';

/**
 * The last events of a process: changes of the supergraph, the configuration and circuit breakers, and
 * commands of operators.
 */
export type EventLog = {
  readonly add: (kind: EventKind, text: string, data: Readonly<Record<string, unknown>>) => void;
  /** Returns the recorded events, the newest one first. */
  readonly list: () => readonly ConsoleEvent[];
};

const MAX_EVENTS = 500;
/** Maximum length of the texts in an event; the reasons of a rejected supergraph may be long. */
const MAX_TEXT = 500;
const MAX_REASONS = 20;

/**
 * Creates an empty log of events, which keeps only the newest ones.
 * @param now returns milliseconds since 1970
 */
export function createEventLog(now: () => number): EventLog {
  const events: ConsoleEvent[] = [];
  return {
    add(kind, text, data) {
      events.push({
        at: new Date(now()).toISOString(),
        kind,
        text: shortened(text),
        data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, bounded(value)])),
      });
      if (events.length > MAX_EVENTS) events.shift();
    },
    list: () => events.toReversed(),
  };
}

function bounded(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, MAX_REASONS).map(bounded);
  return typeof value === 'string' ? shortened(value) : value;
}

function shortened(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

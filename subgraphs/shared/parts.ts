import { pino, type Logger } from 'pino';
import type { Settings } from './settings.ts';

/** What the system gives a subgraph; tests put in their own. */
export type Parts = {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly log: Logger;
  /** Told of every SQL statement. */
  readonly onQuery?: (statement: string) => void;
};

export function systemParts(settings: Pick<Settings, 'name' | 'logLevel'>): Parts {
  return { now: Date.now, log: pino({ level: settings.logLevel, base: { subgraph: settings.name } }) };
}

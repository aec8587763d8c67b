import type { RequestTrace } from '../../../router/request/request-trace.ts';
import { createStore } from '../../frame/store.ts';
import { readAll, replaceAll } from './database.ts';
import { codesOf } from './result.ts';
import type { Result } from './result.ts';
import { variablesWithoutSecrets, withoutSecrets } from './secrets.ts';
import type { Tab } from './workspace.ts';

const MAX_RUNS = 200;

/** One line of the history. It has no response, because responses may contain private data of the caller. */
export type PastRun = {
  readonly id: string;
  readonly at: number;
  readonly operation: string;
  readonly query: string;
  readonly variables: string;
  readonly status: number;
  readonly ms: number;
  readonly bytes: number;
  readonly codes: readonly string[];
  readonly degraded: boolean;
  readonly trace: RequestTrace | undefined;
};

/** The last runs, the newest one first. */
export const runs = createStore<readonly PastRun[]>([]);

export async function restoreRuns(): Promise<void> {
  const saved = await readAll<PastRun>('runs');
  const newest = [...saved].sort((a, b) => b.at - a.at);
  runs.set((present) => [...present, ...newest].slice(0, MAX_RUNS));
}

export function recordRun(tab: Tab, result: Result): void {
  const run: PastRun = {
    id: result.id,
    at: result.at,
    operation: result.operationName ?? firstField(tab.query),
    query: withoutSecrets(tab.query),
    variables: variablesWithoutSecrets(tab.variables),
    status: result.status,
    ms: result.ms,
    bytes: result.bytes,
    codes: codesOf(result),
    degraded: result.body?.extensions?.degraded !== undefined,
    trace: result.body?.extensions?.trace,
  };
  runs.set((present) => [run, ...present].slice(0, MAX_RUNS));
  void replaceAll('runs', runs.get());
}

export function clearRuns(): void {
  runs.set(() => []);
  void replaceAll('runs', []);
}

/** A name for an operation without one. */
function firstField(query: string): string {
  return /\{\s*(?:#[^\n]*\n\s*)*(\w+)/.exec(query)?.[1] ?? 'anonymous';
}

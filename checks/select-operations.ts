import type { RecordedClient, RecordedOperation } from './recorded-operation.ts';
import type { Evidence } from './report.ts';
import type { CheckSettings } from './settings.ts';

/** The operations that count, each with the clients that count, and what was left out. */
export type SelectedOperations = {
  readonly operations: readonly RecordedOperation[];
  readonly evidence: Evidence;
};

type Left = keyof Evidence['leftOut'];

const DAY_MS = 86_400_000;

/** Selects the operations and clients that count by the settings of a check. */
export function selectOperations(
  recorded: readonly RecordedOperation[],
  settings: CheckSettings,
  now: number,
): SelectedOperations {
  const operations: RecordedOperation[] = [];
  const leftOut = { belowCalls: 0, excludedClients: 0, notSeen: 0 };
  for (const operation of recorded) {
    const selected = select(operation, settings, now);
    if (typeof selected === 'string') leftOut[selected] += 1;
    else operations.push(selected);
  }
  const calls = operations.reduce((sum, { clients = [] }) => sum + (totalCalls(clients) ?? 0), 0);
  const { sinceDays } = settings;
  return { operations, evidence: { operations: operations.length, calls, sinceDays, leftOut } };
}

/** Returns the number of calls of all clients; null if it is unknown for each of them. */
export function totalCalls(clients: readonly RecordedClient[]): number | null {
  const known = clients.flatMap(({ calls }) => calls ?? []);
  return known.length === 0 ? null : known.reduce((sum, calls) => sum + calls, 0);
}

/** Returns the operation with the clients that count, or why it is left out. */
function select(
  operation: RecordedOperation,
  { sinceDays, ignoreBelowCalls, excludeClients }: CheckSettings,
  now: number,
): RecordedOperation | Left {
  const { clients = [] } = operation;
  // An operation without clients comes from a manifest, so nothing can be left out of it.
  if (clients.length === 0) return operation;
  const included = clients.filter(({ name }) => !excludeClients.includes(name));
  if (included.length === 0) return 'excludedClients';
  const earliest = sinceDays === null ? -Infinity : now - sinceDays * DAY_MS;
  // A time that is not one, as a manifest may have it, is unknown.
  const seen = included.filter(({ lastSeen }) => !(Date.parse(lastSeen ?? '') < earliest));
  if (seen.length === 0) return 'notSeen';
  const areCallsKnown = seen.every((client) => client.calls !== null);
  if (areCallsKnown && (totalCalls(seen) ?? 0) < ignoreBelowCalls) return 'belowCalls';
  return { ...operation, clients: seen };
}

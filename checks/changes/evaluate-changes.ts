import type { GraphQLSchema } from 'graphql';
import type { Evaluation } from '../operations/evaluate-operation.ts';
import type { RecordedOperation } from '../recorded-operation.ts';
import type { Reason, SchemaChange, UsedBy, Verdict } from '../report.ts';
import { totalCalls } from '../select-operations.ts';
import type { FoundChange } from './schema-changes.ts';
import { unlistedCalls } from './unlisted-use.ts';
import type { UnlistedUse } from './unlisted-use.ts';

/** A recorded operation and the effect of the change on it. */
export type EvaluatedOperation = {
  readonly operation: RecordedOperation;
  readonly evaluation: Evaluation;
};

/** Codes of reasons that a change of a field's type may cause in addition to its own code. */
const CAUSED: Readonly<Record<string, string>> = { FIELDS_CONFLICT: 'FIELD_TYPE_CHANGED' };

/** Changes after which each operation that uses the type breaks, for whichever reason. */
const OF_TYPES = new Set(['TYPE_REMOVED', 'TYPE_KIND_CHANGED']);

/**
 * Adds the operations that use the changed elements, and the worst effect of each change on them.
 * @param schema the schema before the changes
 */
export function evaluateChanges(
  found: readonly FoundChange[],
  evaluated: readonly EvaluatedOperation[],
  { schema, unlisted = {} }: { readonly schema: GraphQLSchema; readonly unlisted?: UnlistedUse | undefined },
): readonly SchemaChange[] {
  const index = indexOf(evaluated);
  return found.map(({ reason, ...change }) => {
    const { code, coordinate } = { ...change, ...reason };
    const concerned = index.byReason.get(`${code} ${coordinate}`) ?? [];
    const users = new Set([
      ...(index.byUse.get(change.coordinate ?? '') ?? []),
      ...concerned.map(({ user }) => user),
    ]);
    const verdicts = [
      ...concerned.map(({ verdict }) => verdict),
      ...(OF_TYPES.has(code) ? [...users].map(({ evaluation }) => evaluation.verdict) : []),
    ];
    const calls = unlistedCalls(change, schema, unlisted);
    if (calls === 0) return { ...change, verdict: worstOf(verdicts), usedBy: usedBy([...users]) };
    return { ...change, verdict: 'breaks', usedBy: { ...usedBy([...users]), unlistedCalls: calls } };
  });
}

/**
 * Returns the changes with the effect that they may have on any operation. It is for checks without recorded
 * operations, where nothing shows that an element is unused.
 */
export function assumeUse(found: readonly FoundChange[]): readonly SchemaChange[] {
  const verdicts = { breaking: 'breaks', dangerous: 'changes', safe: 'safe' } as const;
  return found.map(({ code, coordinate, message, criticality }) => ({
    code,
    coordinate,
    message,
    criticality,
    verdict: verdicts[criticality],
    usedBy: usedBy([]),
  }));
}

type Concerned = { readonly user: EvaluatedOperation; readonly verdict: Verdict };

type Index = {
  readonly byUse: ReadonlyMap<string, readonly EvaluatedOperation[]>;
  /** The key is the code and the coordinate of a reason. */
  readonly byReason: ReadonlyMap<string, readonly Concerned[]>;
};

function indexOf(evaluated: readonly EvaluatedOperation[]): Index {
  const byUse = new Map<string, EvaluatedOperation[]>();
  const byReason = new Map<string, Concerned[]>();
  for (const user of evaluated) {
    for (const coordinate of user.evaluation.uses) addTo(byUse, coordinate, user);
    for (const reason of user.evaluation.reasons)
      addTo(byReason, keyOf(reason), { user, verdict: reason.verdict });
  }
  return { byUse, byReason };
}

function addTo<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function keyOf({ code, coordinate }: Reason): string {
  return `${CAUSED[code] ?? code} ${coordinate}`;
}

function worstOf(verdicts: readonly Verdict[]): Verdict {
  if (verdicts.includes('breaks')) return 'breaks';
  return verdicts.includes('changes') ? 'changes' : 'safe';
}

function usedBy(users: readonly EvaluatedOperation[]): UsedBy {
  const clients = users.flatMap(({ operation }) => operation.clients ?? []);
  return {
    operations: users.length,
    calls: totalCalls(clients) ?? 0,
    clients: [...new Set(clients.map(({ name }) => name))].toSorted(),
  };
}

import type { FoundChange } from './schema-changes.ts';

/** Requests of operations whose documents are not recorded, by the schema coordinates that they use. */
export type UnlistedUse = Readonly<Record<string, number>>;

/**
 * Returns the requests of unlisted operations that a breaking change may break. They cannot be evaluated, so
 * each use of the changed element counts.
 */
export function unlistedCalls({ code, coordinate, criticality }: FoundChange, unlisted: UnlistedUse): number {
  if (criticality !== 'breaking' || coordinate === null) return 0;
  // An added argument concerns the operations that select its field.
  const [element = ''] = coordinate.split('(');
  const [type = ''] = element.split('.');
  // A required field of an input type concerns the operations that send any other field of it.
  const isOfType = element === type || code.startsWith('INPUT_FIELD_');
  const calls = Object.entries(unlisted).filter(([used]) =>
    isOfType ? used.startsWith(`${type}.`) : used === element,
  );
  return calls.reduce((most, [, count]) => Math.max(most, count), 0);
}

/** Returns the requests of unlisted operations that use an element: a type, or a field. */
export function callsOf(element: string, unlisted: UnlistedUse): number {
  const calls = Object.entries(unlisted).filter(
    ([used]) => used === element || used.startsWith(`${element}.`),
  );
  return calls.reduce((most, [, count]) => Math.max(most, count), 0);
}

import { stepsOf } from '../compile/collect.ts';
import type { Step } from '../compile/collect.ts';
import type { ContextArgument, ContextValue } from '../compile/context.ts';
import type { Copies } from '../compile/copies.ts';
import type { RequiredValue } from '../compile/representation.ts';
import { isJsonObject, jsonText, readOwn, writeOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/**
 * An entity with the values of its context arguments (`@fromContext`), which come from the objects above it.
 */
export type ContextTarget = {
  readonly object: JsonObject;
  /** Variable name and JSON text of each context argument's value. */
  readonly values: readonly (readonly [name: string, text: string])[];
  /**
   * Values of all context arguments of the entity as one text, with the names of those that have no value.
   * Entities with equal texts can share a request.
   */
  readonly text: string;
  /**
   * A value that its subgraph did not deliver or that has the wrong type; undefined if all values can be
   * used.
   */
  readonly unusable: UnusableContext | undefined;
};

export type UnusableContext = {
  /** Object that has the context value: the entity itself, or an object that contains the entity. */
  readonly above: JsonObject;
  /** Number of levels from the entity up to the object that has the context value; lists do not count. */
  readonly levels: number;
  readonly required: RequiredValue;
  readonly value: unknown;
};

/**
 * Finds the entities of a fetch with context arguments. One entity may be in several places with different
 * context values: for example, a product in the carts of two users with different currencies. Each place then
 * gets its own copy of the entity.
 */
export function collectContextTargets(
  path: readonly string[],
  context: readonly ContextArgument[],
  { root, copies }: { readonly root: JsonObject; readonly copies: Copies },
): readonly ContextTarget[] {
  const steps = path.flatMap(stepsOf);
  const found = findTargets(root, steps, context);
  if (found !== undefined) return found;
  copyBelow(root, steps, { levels: levelsOf(context), copies });
  return findTargets(root, steps, context) ?? [];
}

function levelsOf(context: readonly ContextArgument[]): number {
  return Math.max(...context.flatMap(({ sources }) => sources.map(({ levels }) => levels)));
}

/**
 * Returns the entities at a path with the values of their context arguments. Returns undefined if an entity
 * occurs in several places with different values, so that each place needs its own copy.
 */
function findTargets(
  root: JsonObject,
  steps: readonly Step[],
  context: readonly ContextArgument[],
): readonly ContextTarget[] | undefined {
  const targets = new Map<JsonObject, ContextTarget>();
  let isAmbiguous = false;
  walk(root, steps, (object, ancestors) => {
    const target = readTarget(context, object, ancestors);
    const known = targets.get(object);
    if (known === undefined) targets.set(object, target);
    else if (known.text !== target.text) isAmbiguous = true;
  });
  return isAmbiguous ? undefined : [...targets.values()];
}

function readTarget(
  context: readonly ContextArgument[],
  object: JsonObject,
  ancestors: readonly JsonObject[],
): ContextTarget {
  const values: (readonly [string, string])[] = [];
  const unusableNames: string[] = [];
  let unusable: UnusableContext | undefined;
  for (const argument of context) {
    const found = readValue(argument, object, ancestors);
    // If no enclosing object's type provides the context, the subgraph uses the argument's default value.
    if (found === undefined) continue;
    const { value, isUsable, ...place } = found;
    if (value === undefined || !isUsable) {
      unusable = { value, ...place };
      unusableNames.push(argument.name);
    } else values.push([argument.name, jsonText(value)]);
  }
  return { object, values, text: JSON.stringify([values, unusableNames]), unusable };
}

function readValue(
  { sources }: ContextArgument,
  object: JsonObject,
  ancestors: readonly JsonObject[],
): (ContextValue & Pick<UnusableContext, 'above' | 'levels'>) | undefined {
  for (const { levels, read } of sources) {
    const above = levels === 0 ? object : (ancestors.at(-levels) ?? ancestors[0]);
    const value = above && read(above);
    if (above !== undefined && value !== undefined) return { ...value, above, levels };
  }
  return undefined;
}

type Visit = (object: JsonObject, ancestors: readonly JsonObject[]) => void;

/**
 * Visits the objects at a path. `ancestors` lists the objects that contain the visited one, from the root
 * down.
 */
function walk(root: JsonObject, steps: readonly Step[], visit: Visit): void {
  const ancestors: JsonObject[] = [];
  const enter = (value: unknown, index: number): void => {
    const step = steps[index];
    if (step?.kind === 'items') {
      if (Array.isArray(value)) for (const item of value) enter(item, index + 1);
      return;
    }
    if (!isJsonObject(value)) return;
    if (step === undefined) visit(value, ancestors);
    else if (step.kind === 'types') {
      if (step.names.has(String(value['__typename']))) enter(value, index + 1);
    } else {
      ancestors.push(value);
      enter(readOwn(value, step.key), index + 1);
      ancestors.pop();
    }
  };
  enter(root, 0);
}

/**
 * Gives an entity that occurs in several places its own copy in each. Objects between the entity and the
 * object with the context values are copied too. The copies are registered, because data of fetches in
 * flight, which refer to the originals, must be merged into the copies too.
 */
function copyBelow(
  root: JsonObject,
  steps: readonly Step[],
  { levels, copies }: { readonly levels: number; readonly copies: Copies },
): void {
  const keys = steps.flatMap((step, index) => (step.kind === 'key' ? [index] : []));
  const from = keys.at(-levels) ?? 0;
  const done = new Set<JsonObject>();
  const step = steps[from];
  if (step?.kind !== 'key') return;
  walk(root, steps.slice(0, from), (above) => {
    if (done.has(above)) return;
    done.add(above);
    writeOwn(above, step.key, copyAt(readOwn(above, step.key), steps.slice(from + 1), copies));
  });
}

function copyAt(value: unknown, steps: readonly Step[], copies: Copies): unknown {
  const [step, ...rest] = steps;
  if (step?.kind === 'items')
    return Array.isArray(value) ? value.map((item: unknown) => copyAt(item, rest, copies)) : value;
  if (step?.kind === 'types') return copyAt(value, rest, copies);
  if (!isJsonObject(value)) return value;
  const copy = { ...value };
  copies.add(value, copy);
  if (step !== undefined) writeOwn(copy, step.key, copyAt(readOwn(value, step.key), rest, copies));
  return copy;
}

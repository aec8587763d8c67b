import { isJsonObject, readOwn, writeOwn } from './json.ts';
import type { JsonObject } from './json.ts';
import type { FetchShape } from './fetch-shape.ts';
import type { SupergraphTypes } from './supergraph-types.ts';

/**
 * Copies that took the place of objects in the tree. A fetch under way holds the objects that stood there when it began, and
 * must reach the copies too.
 */
export type Forks = Map<JsonObject, JsonObject[]>;

export type Merge = (target: JsonObject, source: JsonObject, forks: Forks) => void;

/** Merges what a fetch delivered into the object it was asked about. Only keys of its shape are read. */
export function compileMerge(shape: FetchShape, types: SupergraphTypes): Merge {
  return function merge(target, source, forks) {
    mergeShape(target, source, shape, { types, forks });
    for (const fork of forks.get(target) ?? []) merge(fork, source, forks);
  };
}

type Context = { readonly types: SupergraphTypes; readonly forks: Forks };

function mergeShape(target: JsonObject, source: JsonObject, shape: FetchShape, context: Context): void {
  for (const [key, nested] of shape) {
    const value = readOwn(source, key);
    if (value === undefined) continue;
    const present = readOwn(target, key);
    if (present === undefined) writeOwn(target, key, value);
    else if (nested !== undefined) writeOwn(target, key, combine(present, value, nested, context));
    else if (key !== '__typename' || !isVaguer(value, present, context)) writeOwn(target, key, value);
  }
}

/** The subgraph of an `@interfaceObject` names the interface where another has named the object's type. */
function isVaguer(value: unknown, present: unknown, { types }: Context): boolean {
  return (
    typeof present === 'string' &&
    types.isObjectType(present) &&
    !(typeof value === 'string' && types.isObjectType(value))
  );
}

/**
 * Two values for one composite field. Objects are never changed below the target: one object can stand at many places of the
 * tree, of which the target is only one.
 */
function combine(present: unknown, value: unknown, shape: FetchShape, context: Context): unknown {
  // Null from either side is null, so that the answer does not depend on who answered first.
  if (present === null || value === null) return null;
  if (Array.isArray(present) && Array.isArray(value) && present.length === value.length) {
    return present.map((item, index) => combine(item, value[index], shape, context));
  }
  if (!isJsonObject(present) || !isJsonObject(value)) return value;
  const copy = { ...present };
  mergeShape(copy, value, shape, context);
  const forks = context.forks.get(present);
  if (forks === undefined) context.forks.set(present, [copy]);
  else forks.push(copy);
  return copy;
}

import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';

/**
 * Tree of the keys that lead from the data of a fetch to the objects to which other fetches will add fields.
 */
export type CopyOnWritePaths = ReadonlyMap<string, CopyOnWritePaths>;

type MutablePaths = Map<string, MutablePaths>;

/**
 * Combines paths into one tree of keys.
 * @param paths paths at which other fetches add fields, starting at the data of this fetch.
 */
export function copyOnWritePaths(paths: readonly (readonly string[])[]): CopyOnWritePaths {
  const root: MutablePaths = new Map();
  for (const path of paths) {
    let current = root;
    for (const element of path) {
      const [key = ''] = element.split('|');
      if (key === '@' || key === '') continue;
      const next = current.get(key) ?? new Map();
      current.set(key, next);
      current = next;
    }
  }
  return root;
}

/**
 * Copies only the objects to which other fetches will add fields, and the objects that contain them. All
 * other objects are not copied, so that several requests can share the response of one call.
 */
export function copyAlongPaths<Value>(value: Value, paths: CopyOnWritePaths): Value {
  return copied(value, paths) as Value;
}

function copied(value: unknown, paths: CopyOnWritePaths): unknown {
  if (Array.isArray(value)) return value.map((item) => copied(item, paths));
  if (!isJsonObject(value)) return value;
  const copy = { ...value };
  for (const [key, nested] of paths) {
    const below = readOwn(copy, key);
    if (below !== undefined) writeOwn(copy, key, copied(below, nested));
  }
  return copy;
}

import { isJsonObject, readOwn, writeOwn } from '../../shared/json.ts';

/** Below a fetch's data, the keys on the way to objects into which other fetches merge. */
export type Spine = ReadonlyMap<string, Spine>;

type MutableSpine = Map<string, MutableSpine>;

/** @param paths the paths of the other fetches, from the fetch's data on. */
export function spineOf(paths: readonly (readonly string[])[]): Spine {
  const spine: MutableSpine = new Map();
  for (const path of paths) {
    let current = spine;
    for (const element of path) {
      const [key = ''] = element.split('|');
      if (key === '@' || key === '') continue;
      const next = current.get(key) ?? new Map();
      current.set(key, next);
      current = next;
    }
  }
  return spine;
}

/** Copies what other fetches will change, so that an answer can be used by more than one; the rest stays shared. */
export function copySpine<Value>(value: Value, spine: Spine): Value {
  return copied(value, spine) as Value;
}

function copied(value: unknown, spine: Spine): unknown {
  if (Array.isArray(value)) return value.map((item) => copied(item, spine));
  if (!isJsonObject(value)) return value;
  const copy = { ...value };
  for (const [key, nested] of spine) {
    const below = readOwn(copy, key);
    if (below !== undefined) writeOwn(copy, key, copied(below, nested));
  }
  return copy;
}

import type { ExecutionError, ResponsePath } from './causes.ts';
import { isJsonObject, readOwn } from './json.ts';

/**
 * Errors at places of the answer only: a path ends where the object that was found has no such field. Which type an object has
 * is known at the end, and a subgraph may name any field.
 *
 * @param data JSON text of the answer.
 */
export function placeErrors(errors: readonly ExecutionError[], data: string): readonly ExecutionError[] {
  if (errors.length === 0) return errors;
  const root: unknown = JSON.parse(data);
  return errors.map((error) => {
    const length = placeLength(root, error.path);
    return length === error.path.length ? error : { ...error, path: error.path.slice(0, length) };
  });
}

/** How much of a path there is. Below a null there may be anything: it is what became null. */
function placeLength(root: unknown, path: ResponsePath): number {
  let value = root;
  for (const [index, element] of path.entries()) {
    if (value === null) return path.length;
    if (typeof element === 'number') value = Array.isArray(value) ? value[element] : undefined;
    else value = isJsonObject(value) ? readOwn(value, element) : undefined;
    if (value === undefined) return index;
  }
  return path.length;
}

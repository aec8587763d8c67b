import type { ResponsePath } from './execution-error.ts';
import { isJsonObject, readOwn } from '../../shared/json.ts';

/** Looks up paths in the data of a response. The data is parsed at the first lookup. */
export class ResponsePositions {
  readonly #data: string;
  #root: { readonly value: unknown } | undefined;

  /** @param data the JSON text of the response data. */
  constructor(data: string) {
    this.#data = data;
  }

  /**
   * Returns the part of a path that exists in the response. A subgraph may report any path, and may name
   * fields that the client did not select. The path is therefore cut off at the first object without the next
   * field.
   */
  existing(path: ResponsePath): ResponsePath {
    const { length } = this.#follow(path);
    return length === path.length ? path : path.slice(0, length);
  }

  /** Returns whether there is a null at the path or above it. */
  isNull(path: ResponsePath): boolean {
    return this.#follow(path).value === null;
  }

  /**
   * Follows a path through the data. If it meets a null, the whole path counts as existing, because the null
   * may have propagated from a position further down the path.
   */
  #follow(path: ResponsePath): { readonly value: unknown; readonly length: number } {
    this.#root ??= { value: JSON.parse(this.#data) };
    let { value } = this.#root;
    for (const [index, element] of path.entries()) {
      if (value === null) return { value, length: path.length };
      const next = childOf(value, element);
      if (next === undefined) return { value, length: index };
      value = next;
    }
    return { value, length: path.length };
  }
}

function childOf(value: unknown, element: string | number): unknown {
  if (typeof element === 'number') return Array.isArray(value) ? value[element] : undefined;
  return isJsonObject(value) ? readOwn(value, element) : undefined;
}

import type { ResponsePath } from './execution-error.ts';
import { isJsonObject, readOwn } from '../../shared/json.ts';

/** Looks paths up in the data of a response. The text is parsed only when the first path is looked up. */
export class ResponsePositions {
  readonly #data: string;
  #root: { readonly value: unknown } | undefined;

  /** @param data JSON text. */
  constructor(data: string) {
    this.#data = data;
  }

  /**
   * The part of the path that is in the response: it ends where an object has no such field. The type of an object is known only at
   * the end, and a subgraph may report any path.
   */
  existing(path: ResponsePath): ResponsePath {
    const { length } = this.#follow(path);
    return length === path.length ? path : path.slice(0, length);
  }

  /** Whether there is a null at the path or above it. */
  isNull(path: ResponsePath): boolean {
    return this.#follow(path).value === null;
  }

  /** Below a null any path is valid, because a value there may have become null. */
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

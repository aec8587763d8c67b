import type { JsonObject } from '../../shared/json.ts';

const NONE: readonly never[] = [];

/**
 * Copies of objects in the merged data, by the original object. Fetches in flight refer only to the original,
 * so the fields that they deliver are merged into its copies too.
 */
export class Copies {
  /** Undefined until the first object is copied, which most executions never do. */
  #byOriginal: Map<JsonObject, JsonObject[]> | undefined;

  of(original: JsonObject): readonly JsonObject[] {
    return this.#byOriginal?.get(original) ?? NONE;
  }

  add(original: JsonObject, copy: JsonObject): void {
    this.#byOriginal ??= new Map();
    const known = this.#byOriginal.get(original);
    if (known === undefined) this.#byOriginal.set(original, [copy]);
    else known.push(copy);
  }
}

import type { JsonObject } from '../../shared/json.ts';

const NONE: readonly never[] = [];

/**
 * Objects of the merged data that were copied, with their copies. An object in several places is copied if
 * one place needs other fields, or other values of context arguments (`@fromContext`). Fetches in flight
 * refer only to the original, so the fields that they deliver are merged into its copies too.
 */
export class Copies {
  /** The copies, by the original object. Most executions copy no object, so the map is created late. */
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

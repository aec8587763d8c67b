import type { JsonObject } from '../../shared/json.ts';

const NONE: readonly never[] = [];

/**
 * Objects of the merged data that were copied, with their copies. An object that occurs in several places is
 * copied if the places need different fields, or different values of context arguments (`@fromContext`).
 * Fetches in flight refer only to the original. The fields that these fetches deliver are therefore merged
 * into the original and into all its copies.
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

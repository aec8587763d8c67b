import { isExactNumber } from '../../shared/exact-json.ts';
import { readOwn } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';

/** Maximum number of objects that are compared one by one, without an index, to find an equal one. */
const MAX_UNINDEXED = 16;

/**
 * A list of objects without duplicates. Objects are equal if they have the same values of the key fields. An
 * object is never equal to another one if it lacks a key field, or if the value of a key field is an object
 * or a list.
 */
export class DistinctObjects {
  readonly #objects: JsonObject[];
  readonly #keys: readonly string[];
  #index: Branch | undefined;

  /** @param objects list to which the distinct objects are added; it must be empty. */
  constructor(objects: JsonObject[], keys: readonly string[]) {
    this.#objects = objects;
    this.#keys = keys;
  }

  /** Adds an object, unless an equal one was added before. Returns the object that was added first. */
  add(object: JsonObject): JsonObject {
    // A few objects are compared one by one, because an index would need much more memory than they do.
    const equal = this.#objects.length < MAX_UNINDEXED ? this.#search(object) : this.#lookUp(object);
    if (equal !== undefined) return equal;
    this.#objects.push(object);
    return object;
  }

  #search(object: JsonObject): JsonObject | undefined {
    for (const known of this.#objects) if (this.#areEqual(known, object)) return known;
    return undefined;
  }

  #areEqual(one: JsonObject, other: JsonObject): boolean {
    for (const key of this.#keys) if (!areEqualScalars(readOwn(one, key), readOwn(other, key))) return false;
    return true;
  }

  /** Returns the equal object in the index. If there is none, adds the object and returns undefined. */
  #lookUp(object: JsonObject): JsonObject | undefined {
    if (this.#index === undefined) {
      this.#index = newBranch();
      for (const known of this.#objects) indexObject(this.#index, known, this.#keys);
    }
    return indexObject(this.#index, object, this.#keys);
  }
}

function areEqualScalars(one: unknown, other: unknown): boolean {
  if (isExactNumber(one)) return isExactNumber(other) && one.rawJSON === other.rawJSON;
  return one === other && isScalar(one);
}

function isScalar(value: unknown): boolean {
  return value !== undefined && (typeof value !== 'object' || value === null);
}

/**
 * A node of the index. The index has one level for each key field. A node branches by the values of its
 * field, so that `{ id: 1, region: "eu" }` is found under `1` and then `"eu"`. Only the last level has an
 * `object`.
 */
type Branch = { byValue: Map<unknown, Branch> | undefined; object: JsonObject | undefined };

function newBranch(): Branch {
  return { byValue: undefined, object: undefined };
}

/** Returns the equal object in the index. If there is none, adds the object and returns undefined. */
function indexObject(root: Branch, object: JsonObject, keys: readonly string[]): JsonObject | undefined {
  let branch = root;
  for (const key of keys) {
    const value = readOwn(object, key);
    if (isExactNumber(value)) {
      // Numbers that keep all their digits (`isExactNumber`) are indexed by the text of their digits. The
      // extra level `EXACT` separates the number 1 from the string "1".
      branch = branchAt(branchAt(branch, EXACT), value.rawJSON);
      continue;
    }
    if (!isScalar(value)) return undefined;
    branch = branchAt(branch, value);
  }
  if (branch.object !== undefined) return branch.object;
  branch.object = object;
  return undefined;
}

const EXACT = Symbol('exact number');

function branchAt(branch: Branch, value: unknown): Branch {
  branch.byValue ??= new Map();
  let next = branch.byValue.get(value);
  if (next === undefined) branch.byValue.set(value, (next = newBranch()));
  return next;
}

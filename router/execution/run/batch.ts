import type { JsonObject } from '../../shared/json.ts';
import type { Representation, UnusableValues } from '../compile/representation.ts';

/**
 * The objects for which a fetch requests fields, and their representations (`_Any` values). Two objects with
 * equal representations, such as the same product in two places, share one representation.
 */
export type Batch = {
  readonly targets: readonly JsonObject[];
  /**
   * For each object in `targets`, the index of its representation. Undefined if each object has its own
   * representation: the first object has the first representation, and so on.
   */
  readonly indices: readonly number[] | undefined;
  /** JSON texts of the representations; empty for a fetch of root fields. */
  readonly representations: readonly string[];
  /**
   * The representations, grouped by equal values of context arguments (`@fromContext`), in the order of
   * `representations`. Undefined for a fetch without context arguments.
   */
  readonly groups?: readonly ContextGroup[];
};

/** Representations of entities whose context arguments (`@fromContext`) have the same values. */
export type ContextGroup = {
  /** JSON text of each argument's value. The key is the name of the argument's variable in the fetch. */
  readonly values: ReadonlyMap<string, string>;
  readonly representations: readonly string[];
};

/** Returns the index of the representation of a target, given the target's position in the batch. */
export function representationIndex({ indices }: Pick<Batch, 'indices'>, position: number): number {
  return indices === undefined ? position : (indices[position] ?? 0);
}

/**
 * Returns the batch of objects whose representations all differ, so that they need not be compared.
 * @param textOf returns the JSON text of an object's representation; undefined if the object is not requested
 */
export function distinctBatch(
  objects: readonly JsonObject[],
  textOf: (object: JsonObject) => string | undefined,
): Batch {
  const texts = objects.map(textOf);
  if (areDefined(texts)) return { targets: objects, indices: undefined, representations: texts };
  const targets = objects.filter((_, at) => texts[at] !== undefined);
  return { targets, indices: undefined, representations: texts.filter((text) => text !== undefined) };
}

function areDefined(texts: readonly (string | undefined)[]): texts is readonly string[] {
  return !texts.includes(undefined);
}

/** Builds a batch. Objects with equal representations get the same index. */
export class BatchBuilder implements Batch {
  readonly targets: JsonObject[] = [];
  readonly indices: number[] = [];
  readonly representations: string[] = [];
  // Both maps find the index of a known representation: `#byText` by its text, `#byKey` by the single value
  // that identifies its entity, such as the id. Each is created when first needed, because most batches need
  // only one.
  #byText: Map<string, number> | undefined;
  #byKey: Map<Representation, Map<string, number>> | undefined;

  add(target: JsonObject, representation: Representation, unusable: UnusableValues): void {
    const key = representation.readKey?.(target);
    // If a single string, such as the id, identifies an entity among those of its type, an equal entity is
    // found by this string, without writing its representation. Other entities are compared by the whole text
    // of their representations. No representation is in both maps.
    const index =
      typeof key === 'string'
        ? this.#indexByKey(target, representation, key, unusable)
        : this.#indexByText(target, representation, unusable);
    if (index === undefined) return;
    this.targets.push(target);
    this.indices.push(index);
  }

  /**
   * Returns the batch with its representations sorted by text. Two fetches for the same objects in different
   * order then send equal calls, which can be deduplicated.
   */
  sorted(): Batch {
    const { representations: texts } = this;
    const order = texts.map((_, index) => index).sort((a, b) => compare(texts[a], texts[b]));
    const places: number[] = [];
    for (const [place, index] of order.entries()) places[index] = place;
    return {
      targets: this.targets,
      indices: this.indices.map((index) => places[index] ?? 0),
      representations: order.map((index) => texts[index] ?? ''),
    };
  }

  #indexByKey(
    target: JsonObject,
    representation: Representation,
    key: string,
    unusable: UnusableValues,
  ): number | undefined {
    this.#byKey ??= new Map();
    let indices = this.#byKey.get(representation);
    if (indices === undefined) this.#byKey.set(representation, (indices = new Map()));
    const known = indices.get(key);
    if (known !== undefined) return known;
    const text = representation.write(target, unusable);
    if (text === undefined) return undefined;
    const index = this.representations.push(text) - 1;
    indices.set(key, index);
    return index;
  }

  #indexByText(target: JsonObject, { write }: Representation, unusable: UnusableValues): number | undefined {
    const text = write(target, unusable);
    if (text === undefined) return undefined;
    this.#byText ??= new Map();
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#byText.set(text, this.representations.length);
    return this.representations.push(text) - 1;
  }
}

/**
 * Compares texts by code units, which is fast. Any other order would do, as long as all calls to subgraphs
 * use the same one.
 */
function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}

import type { JsonObject } from '../../shared/json.ts';
import type { OnUnusable, Representation } from '../compile/representation.ts';

/**
 * The objects for which a fetch requests fields, and their representations. Objects with equal
 * representations share one.
 */
export type Batch = {
  readonly targets: readonly JsonObject[];
  /** Index of the representation for each target. */
  readonly indices: readonly number[];
  /** JSON texts of the representations; empty for a fetch of root fields. */
  readonly representations: readonly string[];
  /**
   * The representations in groups with equal values of context arguments, in the same order; undefined for a
   * fetch without such arguments.
   */
  readonly groups?: readonly ContextGroup[];
};

/** Representations of entities that have equal values of context arguments. */
export type ContextGroup = {
  /** JSON texts of the argument values, by the name of the variable. */
  readonly values: ReadonlyMap<string, string>;
  readonly representations: readonly string[];
};

/** Collects the objects of a batch. Objects with equal representations get the same index. */
export class BatchBuilder implements Batch {
  readonly targets: JsonObject[] = [];
  readonly indices: number[] = [];
  readonly representations: string[] = [];
  readonly #byText = new Map<string, number>();
  readonly #byKey = new Map<Representation, Map<string, number>>();

  add(target: JsonObject, representation: Representation, onUnusable: OnUnusable): void {
    const key = representation.readKey?.(target);
    // Most entities have a single string key. The key alone finds an equal entity, without writing its
    // representation. Entities with other keys cannot have an equal representation.
    const index =
      typeof key === 'string'
        ? this.#indexByKey(target, representation, key, onUnusable)
        : this.#indexByText(target, representation, onUnusable);
    if (index === undefined) return;
    this.targets.push(target);
    this.indices.push(index);
  }

  /**
   * Returns the batch with its representations sorted by text. Two fetches with the same objects in different
   * order then send equal calls.
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
    onUnusable: OnUnusable,
  ): number | undefined {
    let indices = this.#byKey.get(representation);
    if (indices === undefined) this.#byKey.set(representation, (indices = new Map()));
    const known = indices.get(key);
    if (known !== undefined) return known;
    const text = representation.write(target, onUnusable);
    if (text === undefined) return undefined;
    const index = this.representations.push(text) - 1;
    indices.set(key, index);
    return index;
  }

  #indexByText(target: JsonObject, { write }: Representation, onUnusable: OnUnusable): number | undefined {
    const text = write(target, onUnusable);
    if (text === undefined) return undefined;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    this.#byText.set(text, this.representations.length);
    return this.representations.push(text) - 1;
  }
}

/** Compares by code units: the order does not matter, provided that it is always the same. */
function compare(a = '', b = ''): number {
  return a < b ? -1 : Number(a > b);
}

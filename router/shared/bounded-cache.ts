/**
 * A map that evicts entries that were not used recently when it would exceed `maxEntries`. It consists of a
 * recent and an older map. When the recent map is full, it becomes the older one, and the entries of the
 * former older map are dropped. A single ordered map, whose first key is deleted at each insertion, would be
 * slow: V8 then skips all keys that were deleted before (15 µs of CPU per insertion with 100,000 entries,
 * against 2 µs).
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

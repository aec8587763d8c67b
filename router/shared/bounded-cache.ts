/**
 * A map that evicts the least recently used entries when it exceeds `maxEntries`. It consists of a recent and
 * an old map: when the recent one is full, it replaces the old one, whose entries are dropped. A single
 * ordered map would be slow, because it deletes its first key at each insertion, and V8 skips all keys
 * deleted before (measured with 100,000 entries: 15 µs of CPU per insertion, against 2 µs).
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

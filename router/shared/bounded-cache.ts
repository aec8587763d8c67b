/**
 * A map of at most `maxEntries` that evicts entries which were not used recently. It has two parts: when the
 * recent part is full, it becomes the older part, and the previous older part is dropped. A single ordered
 * map would be slower: to find its oldest key, V8 must step over all keys that were deleted before.
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

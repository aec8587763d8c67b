/** A cache of texts with a maximum total size in bytes. It evicts texts that were not used recently. */
export class BoundedTextCache {
  readonly #bytesPerSegment: number;
  #recent = new Map<string, string>();
  #previous = new Map<string, string>();
  #recentBytes = 0;

  constructor(maxBytes: number) {
    this.#bytesPerSegment = maxBytes / 2;
  }

  get(key: string): string | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const previous = this.#previous.get(key);
    if (previous !== undefined) this.set(key, previous);
    return previous;
  }

  set(key: string, text: string): void {
    const before = this.#recent.get(key);
    if (before === text) return;
    const bytes = bytesOf(key, text);
    if (before !== undefined) this.#recentBytes -= bytesOf(key, before);
    if (bytes > this.#bytesPerSegment) {
      // The text is too long to be stored. An earlier text with the same key is removed, because `get` must
      // not return an outdated text.
      this.#recent.delete(key);
      this.#previous.delete(key);
      return;
    }
    if (this.#recentBytes + bytes > this.#bytesPerSegment) {
      this.#previous = this.#recent;
      this.#recent = new Map();
      this.#recentBytes = 0;
    }
    this.#recent.set(key, text);
    this.#recentBytes += bytes;
  }
}

/**
 * Returns an entry's estimated memory in bytes: two bytes per character, the maximum in V8, plus the overhead
 * of the map entry.
 */
function bytesOf(key: string, text: string): number {
  return 2 * (text.length + key.length) + 100;
}

/** Texts by a key, as many of the recently used ones as fit; in two generations, as `RecentEntries` is. */
export class RecentTexts {
  readonly #bytesPerGeneration: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();
  #youngBytes = 0;

  constructor(maxBytes: number) {
    this.#bytesPerGeneration = maxBytes / 2;
  }

  get(key: string): string | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, text: string): void {
    const before = this.#young.get(key);
    if (before === text) return;
    const bytes = bytesOf(key, text);
    if (bytes > this.#bytesPerGeneration) return;
    if (before !== undefined) this.#youngBytes -= bytesOf(key, before);
    if (this.#youngBytes + bytes > this.#bytesPerGeneration) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, text);
    this.#youngBytes += bytes;
  }
}

/** Two bytes a character at the most, and what the map and the key take. */
function bytesOf(key: string, text: string): number {
  return 2 * (text.length + key.length) + 100;
}

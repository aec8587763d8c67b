import { HeavyHitters } from '../telemetry/metrics/heavy-hitters.ts';

export type AdmissionLimits = {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** Number of windows without a request after which an entry that was known may be replaced. */
  readonly keepWindows: number;
};

type Entry<Value> = {
  readonly key: string;
  readonly value: Value;
  readonly bytes: number;
  /** Number of requests in the current window. */
  requests: number;
  /** Number of the last window with a request. */
  lastWindow: number;
  /** Whether the entry had requests in more than one window. */
  isKnown: boolean;
};

/**
 * A bounded table of what requests use: operations or clients. Time is divided into windows. An entry with
 * requests in two windows is known, and is replaced only after many windows without a request. Another entry
 * is replaced as soon as it had no request in the current window, or by a more frequent one. A client that
 * sends endless new keys therefore replaces only its own, and the memory of the table stays bounded.
 */
export class AdmissionTable<Value> {
  readonly #limits: AdmissionLimits;
  readonly #onReplaced: (value: Value) => void;
  readonly #entries = new Map<string, Entry<Value>>();
  /** Keys of entries that may have no request in the current window and are not protected. */
  #idle: string[] = [];
  #waiting = new HeavyHitters(MAX_WAITING);
  #bytes = 0;
  #window = 0;

  /** @param onReplaced called with a value that had requests in the current window and was replaced */
  constructor(limits: AdmissionLimits, onReplaced: (value: Value) => void = () => undefined) {
    this.#limits = limits;
    this.#onReplaced = onReplaced;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Returns the value of a key and counts a request for it. */
  use(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.lastWindow !== this.#window) {
      entry.isKnown = true;
      entry.lastWindow = this.#window;
    }
    entry.requests += 1;
    return entry.value;
  }

  isKnown(key: string): boolean {
    return this.#entries.get(key)?.isKnown === true;
  }

  /** Adds a key with its first request, and returns its value; undefined if there is no room for it. */
  admit(key: string, bytes: number, create: () => Value): Value | undefined {
    if (!this.#makeRoom(key, bytes)) return undefined;
    const value = create();
    this.#entries.set(key, { key, value, bytes, requests: 1, lastWindow: this.#window, isKnown: false });
    this.#bytes += bytes;
    return value;
  }

  /** Ends the window: the values of all entries count as reported. */
  endWindow(): void {
    this.#window += 1;
    this.#waiting = new HeavyHitters(MAX_WAITING);
    this.#idle = [];
    for (const entry of this.#entries.values()) {
      entry.requests = 0;
      if (!entry.isKnown || this.#window - entry.lastWindow > this.#limits.keepWindows)
        this.#idle.push(entry.key);
    }
  }

  *values(): Generator<Value> {
    for (const { value } of this.#entries.values()) yield value;
  }

  #makeRoom(key: string, bytes: number): boolean {
    if (bytes > this.#limits.maxBytes) return false;
    while (!this.#fits(bytes)) {
      const victim = this.#nextIdle() ?? this.#lessFrequentThan(key);
      if (victim === undefined) return false;
      this.#remove(victim);
    }
    return true;
  }

  #fits(bytes: number): boolean {
    const { maxEntries, maxBytes } = this.#limits;
    return this.#entries.size < maxEntries && this.#bytes + bytes <= maxBytes;
  }

  #nextIdle(): Entry<Value> | undefined {
    for (let key = this.#idle.pop(); key !== undefined; key = this.#idle.pop()) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && entry.requests === 0) return entry;
    }
    return undefined;
  }

  /** Finds an entry that is not known and had fewer requests in this window than the waiting key. */
  #lessFrequentThan(key: string): Entry<Value> | undefined {
    const requests = this.#waiting.count(key);
    if (requests < MIN_REQUESTS) return undefined;
    let tried = 0;
    for (const entry of this.#entries.values()) {
      if (entry.isKnown) continue;
      if (entry.requests < requests) return entry;
      if (++tried === MAX_TRIED) break;
    }
    return undefined;
  }

  #remove(entry: Entry<Value>): void {
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes;
    if (entry.requests > 0) this.#onReplaced(entry.value);
  }
}

/** Number of keys without room whose requests are counted. */
const MAX_WAITING = 256;
/** Requests without room after which a key may replace a less frequent entry. */
const MIN_REQUESTS = 8;
/** Maximum number of entries that are compared to find a less frequent one. */
const MAX_TRIED = 16;

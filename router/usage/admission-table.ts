import { HeavyHitters } from '../telemetry/metrics/heavy-hitters.ts';

export type AdmissionLimits = {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /**
   * Number of time windows without a request after which a known entry may be replaced. An entry is known if
   * it had requests in more than one window.
   */
  readonly keepWindows: number;
};

type Entry<Value> = {
  readonly key: string;
  readonly value: Value;
  readonly bytes: number;
  /** Number of requests for the entry in the current time window. */
  requests: number;
  /** Number of the last time window in which a request used the entry. */
  lastWindow: number;
  /** Whether requests in more than one time window have used the entry. */
  isKnown: boolean;
};

/**
 * A table of operations or clients by key, in bounded memory. An entry with requests in two time windows is
 * known, and is replaced only after many windows without a request. Other entries are replaced much sooner,
 * so that a client which sends ever new keys replaces only its own entries.
 */
export class AdmissionTable<Value> {
  readonly #limits: AdmissionLimits;
  readonly #onReplaced: (value: Value) => void;
  readonly #entries = new Map<string, Entry<Value>>();
  /** Keys of entries that may be replaced, unless a request has used them in the current time window. */
  #idle: string[] = [];
  #waiting = new HeavyHitters(MAX_WAITING);
  #bytes = 0;
  #window = 0;

  /**
   * @param onReplaced called with the value of each replaced entry that a request has used in the current
   * window, so that the counts in the value are not lost
   */
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

  /** Counts a request in the entry of `key`. Returns the entry's value; undefined if there is no entry. */
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

  /**
   * Adds an entry for a new key and its first request. Returns the value of the entry; undefined if there is
   * no room.
   */
  admit(key: string, bytes: number, create: () => Value): Value | undefined {
    if (!this.#makeRoom(key, bytes)) return undefined;
    const value = create();
    this.#entries.set(key, { key, value, bytes, requests: 1, lastWindow: this.#window, isKnown: false });
    this.#bytes += bytes;
    return value;
  }

  /** Begins the next time window. Entries without recent requests may be replaced from then on. */
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

  /**
   * Counts a request for a key without an entry. Returns an entry that the key may replace: one that has
   * fewer requests than the key and is not known. Returns undefined if there is none, or if the key has too
   * few requests.
   */
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

/** Maximum number of keys whose requests are counted while they wait for an entry in the full table. */
const MAX_WAITING = 256;
/** Minimum number of requests for a key before it may replace an entry that has fewer requests. */
const MIN_REQUESTS = 8;
/** Maximum number of entries that are examined to find one to replace, so that the search stays short. */
const MAX_TRIED = 16;

import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';

export type OperationCacheLimits = {
  readonly maxBytes: number;
  readonly maxEntries: number;
};

export type CacheEntry<Value> = {
  readonly key: string;
  readonly value: Value;
  /** Estimated memory of the value with its key. */
  bytes: number;
  /** Requests that have found it. */
  uses: number;
};

/** Share of the cache for operations that were requested once. */
const ONCE = 1 / 8;
/** Share that is left when the heap is full. */
const LEAST = 1 / 8;
/** Operations that were dropped after their first request, of which the cache still knows the hash. */
const MAX_DROPPED = 10_000;
const DROPPED = {};

/**
 * Keeps prepared operations in a number of bytes. An operation that is requested once stays only among the last of its
 * kind; from its second request on it stays as long as it is used. So operations that are made up for one request each
 * replace each other, and not those of other clients (2Q: Johnson and Shasha, 1994).
 */
export class OperationCache<Value> {
  readonly #once: Segment<Value>;
  readonly #again: Segment<Value>;
  readonly #dropped = new BoundedCache<object>(MAX_DROPPED);

  constructor({ maxBytes, maxEntries }: OperationCacheLimits) {
    const share = (part: number) => ({
      maxBytes: maxBytes * part,
      maxEntries: Math.max(1, Math.floor(maxEntries * part)),
    });
    this.#once = new Segment(share(ONCE));
    this.#again = new Segment(share(1 - ONCE));
  }

  get bytes(): number {
    return this.#once.bytes + this.#again.bytes;
  }

  /** Returns the value, which counts as a use. */
  get(key: string): Value | undefined {
    const entry = this.#again.use(key) ?? this.#promote(key);
    if (entry === undefined) return undefined;
    entry.uses += 1;
    return entry.value;
  }

  add(key: string, value: Value, bytes: number): void {
    const entry = { key, value, bytes, uses: 1 };
    const known = hash('sha256', key, 'base64');
    if (this.#dropped.get(known) !== undefined) this.#again.add(entry);
    else this.#once.add(entry);
    this.#dropped.set(known, DROPPED);
  }

  /** Corrects the estimate of a value that is still kept. */
  grow(key: string, value: Value, bytes: number): void {
    for (const segment of [this.#again, this.#once]) {
      const entry = segment.take(key);
      if (entry === undefined) continue;
      if (entry.value === value) entry.bytes += bytes;
      segment.add(entry);
    }
  }

  /** Frees memory: drops what was requested once, and half of the rest. */
  evict(): void {
    this.#once.shrink(0);
    this.#again.shrink(Math.max(this.#again.bytes / 2, this.#again.maxBytes * LEAST));
  }

  #promote(key: string): CacheEntry<Value> | undefined {
    const entry = this.#once.take(key);
    if (entry !== undefined) this.#again.add(entry);
    return entry;
  }

  entries(): readonly CacheEntry<Value>[] {
    return [...this.#again.entries(), ...this.#once.entries()];
  }
}

/** Entries in the order of their last use. */
class Segment<Value> {
  readonly maxBytes: number;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, CacheEntry<Value>>();
  #bytes = 0;

  constructor({ maxBytes, maxEntries }: OperationCacheLimits) {
    this.maxBytes = maxBytes;
    this.#maxEntries = maxEntries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  entries(): Iterable<CacheEntry<Value>> {
    return this.#entries.values();
  }

  /** Finds an entry and makes it the last used one. */
  use(key: string): CacheEntry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  take(key: string): CacheEntry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    return entry;
  }

  add(entry: CacheEntry<Value>): void {
    this.#entries.set(entry.key, entry);
    this.#bytes += entry.bytes;
    this.shrink(this.maxBytes);
  }

  /** Drops the entries that were not used for longest, until the others fit. */
  shrink(maxBytes: number): void {
    if (this.#bytes <= maxBytes && this.#entries.size <= this.#maxEntries) return;
    for (const key of this.#entries.keys()) {
      this.take(key);
      if (this.#bytes <= maxBytes && this.#entries.size <= this.#maxEntries) return;
    }
  }
}

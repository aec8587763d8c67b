import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';

export type OperationCacheLimits = {
  readonly maxBytes: number;
  readonly maxEntries: number;
};

/** A cached value with its size and the number of its uses. */
export type CacheEntry<Value> = {
  readonly key: string;
  readonly value: Value;
  /** Estimated memory in bytes of the value and its key. */
  bytes: number;
  /** Number of requests that have used the entry. */
  uses: number;
};

/** Share (0 to 1) of the cache's memory limit for operations that were requested only once. */
const ONCE = 1 / 8;
/**
 * When memory is short, the repeatedly requested operations may keep at least this share (0 to 1) of their
 * memory limit.
 */
const LEAST = 1 / 8;
/**
 * Maximum number of remembered hashes of operations. If an evicted operation is requested again and its hash
 * is remembered, the operation is stored among the repeatedly requested operations, which stay longer.
 */
const MAX_DROPPED = 10_000;
const DROPPED = {};

/**
 * Caches prepared operations up to a number of bytes (2Q algorithm: Johnson and Shasha, 1994). Operations
 * that were requested only once share a small part of the cache, so that a flood of unique operations does
 * not evict those that are requested again and again.
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

  get size(): number {
    return this.#once.size + this.#again.size;
  }

  /** Returns a cached value and counts the request as a use of it. */
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

  /** Adds bytes to the estimated size of a cached value that has grown. */
  grow(key: string, value: Value, bytes: number): void {
    for (const segment of [this.#again, this.#once]) {
      const entry = segment.take(key);
      if (entry === undefined) continue;
      if (entry.value === value) entry.bytes += bytes;
      segment.add(entry);
    }
  }

  /**
   * Frees memory: evicts all operations that were requested only once, and half (in bytes) of the repeatedly
   * requested operations, but keeps the share `LEAST`.
   */
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

/** A part of the cache with its own memory limit. Entries are ordered by last use. */
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

  get size(): number {
    return this.#entries.size;
  }

  entries(): Iterable<CacheEntry<Value>> {
    return this.#entries.values();
  }

  /** Returns an entry and marks it as the most recently used. */
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

  /** Evicts the least recently used entries until the remaining ones have at most `maxBytes`. */
  shrink(maxBytes: number): void {
    if (this.#bytes <= maxBytes && this.#entries.size <= this.#maxEntries) return;
    for (const key of this.#entries.keys()) {
      this.take(key);
      if (this.#bytes <= maxBytes && this.#entries.size <= this.#maxEntries) return;
    }
  }
}

import { BoundedCache } from '../shared/bounded-cache.ts';
import { unitsOf } from './bucket.ts';
import type { Bucket, BucketLevel, Debit } from './bucket.ts';

/** Result of a charge: whether it was admitted, and what its buckets hold afterwards. */
export type Decision = { readonly admitted: boolean; readonly levels: readonly BucketLevel[] };

// Maximum number of buckets, which bounds the memory when requests come from very many addresses. A bucket
// that was evicted counts as full when it is used again.
const MAX_BUCKETS = 200_000;

/**
 * Token buckets in the memory of this process. The Lua script in Redis computes buckets in exactly the same
 * way.
 */
export class LocalBuckets {
  readonly #stored = new BoundedCache<{ units: number; at: number }>(MAX_BUCKETS);
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Takes the points of all debits from their buckets. If one bucket holds too little, nothing is taken. */
  charge(debits: readonly Debit[]): Decision {
    const now = Math.floor(this.#monotonic());
    const wanted = debits.map(({ bucket, points }) => ({
      bucket,
      units: this.#unitsAt(bucket, now),
      debit: unitsOf(points, bucket),
    }));
    if (!wanted.every(({ units, debit }) => units >= debit)) return { admitted: false, levels: wanted };
    const levels = wanted.map(({ bucket, units, debit }) => ({ bucket, units: units - debit }));
    for (const level of levels) this.#store(level, now);
    return { admitted: true, levels };
  }

  /** Returns points to the buckets. A negative amount takes points, but no more than a bucket holds. */
  refund(debits: readonly Debit[]): void {
    const now = Math.floor(this.#monotonic());
    for (const { bucket, points } of debits) {
      const units = Math.max(this.#unitsAt(bucket, now) + unitsOf(points, bucket), 0);
      this.#store({ bucket, units: Math.min(units, unitsOf(bucket.points, bucket)) }, now);
    }
  }

  /** Copies the content that a bucket has in Redis to the bucket in this process. */
  fill(key: string, units: number): void {
    this.#set(key, units, Math.floor(this.#monotonic()));
  }

  #unitsAt(bucket: Bucket, now: number): number {
    const full = unitsOf(bucket.points, bucket);
    const stored = this.#stored.get(bucket.key);
    if (stored === undefined) return full;
    const elapsed = Math.min(Math.max(now - stored.at, 0), bucket.windowMs);
    return Math.min(full, stored.units + elapsed * bucket.points);
  }

  #store({ bucket, units }: BucketLevel, now: number): void {
    this.#set(bucket.key, units, now);
  }

  #set(key: string, units: number, at: number): void {
    const stored = this.#stored.get(key);
    if (stored === undefined) {
      this.#stored.set(key, { units, at });
      return;
    }
    stored.units = units;
    stored.at = at;
  }
}

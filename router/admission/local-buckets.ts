import { RecentEntries } from '../recent-entries.ts';
import { unitsOf } from './bucket.ts';
import type { Bucket, BucketLevel } from './bucket.ts';

export type Decision = { readonly admitted: boolean; readonly levels: readonly BucketLevel[] };

// A flood of addresses must not take the memory of the process; a bucket that is forgotten is full again.
const MAX_BUCKETS = 200_000;

/** Token buckets in this process, with the arithmetic of the Redis script. */
export class LocalBuckets {
  readonly #stored = new RecentEntries<{ units: number; at: number }>(MAX_BUCKETS);
  readonly #monotonic: () => number;

  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** Takes `points` from every bucket, or from none. */
  charge(buckets: readonly Bucket[], points: number): Decision {
    const now = Math.floor(this.#monotonic());
    const levels = buckets.map((bucket) => ({ bucket, units: this.#unitsAt(bucket, now) }));
    const admitted = levels.every(({ bucket, units }) => units >= unitsOf(points, bucket));
    if (!admitted) return { admitted, levels };
    const charged = levels.map(({ bucket, units }) => ({ bucket, units: units - unitsOf(points, bucket) }));
    for (const level of charged) this.#store(level, now);
    return { admitted, levels: charged };
  }

  refund(buckets: readonly Bucket[], points: number): void {
    const now = Math.floor(this.#monotonic());
    for (const bucket of buckets) {
      const units = this.#unitsAt(bucket, now) + unitsOf(points, bucket);
      this.#store({ bucket, units: Math.min(units, unitsOf(bucket.points, bucket)) }, now);
    }
  }

  #unitsAt(bucket: Bucket, now: number): number {
    const full = unitsOf(bucket.points, bucket);
    const stored = this.#stored.get(bucket.key);
    if (stored === undefined) return full;
    const elapsed = Math.min(Math.max(now - stored.at, 0), bucket.windowMs);
    return Math.min(full, stored.units + elapsed * bucket.points);
  }

  #store({ bucket, units }: BucketLevel, now: number): void {
    this.#stored.set(bucket.key, { units, at: now });
  }
}

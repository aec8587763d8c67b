/** A token bucket: `points` fit in, and an empty one fills up evenly in `windowMs`. */
export type Bucket = {
  /** Names the bucket in headers. */
  readonly name: string;
  /** Identifies the bucket of this caller. Buckets with equal keys are the same bucket. */
  readonly key: string;
  readonly points: number;
  readonly windowMs: number;
};

/** Points that a request takes from a bucket. */
export type Debit = { readonly bucket: Bucket; readonly points: number };

/** Content of a bucket after a rate-limit decision. */
export type BucketLevel = {
  readonly bucket: Bucket;
  /** In units: a point is `windowMs` units, and each millisecond brings `points` of them. */
  readonly units: number;
};

/**
 * Why units: the refill of one millisecond is a whole number of them whatever the configuration, so that
 * levels stay exact integers below 2^53 and nothing is ever lost or won by rounding.
 * docs/decisions/005-token-bucket.md
 */
export function unitsOf(points: number, { windowMs }: Bucket): number {
  return points * windowMs;
}

const MAX_POINTS = 100_000_000;

/**
 * Returns the points that a cost is charged as: whole points, at least one. NaN is more than any bucket
 * holds.
 */
export function chargeablePoints(cost: number): number {
  if (Number.isNaN(cost)) return MAX_POINTS + 1;
  return Math.min(Math.max(Math.ceil(cost), 1), MAX_POINTS + 1);
}

export function remainingPoints({ bucket, units }: BucketLevel): number {
  return Math.floor(units / bucket.windowMs);
}

/** Milliseconds until the bucket holds `points`, rounded up. */
export function millisecondsUntil(points: number, { bucket, units }: BucketLevel): number {
  return Math.ceil(Math.max(unitsOf(points, bucket) - units, 0) / bucket.points);
}

/** Seconds until the bucket holds `points`, rounded up. */
export function secondsUntil(points: number, level: BucketLevel): number {
  return Math.ceil(millisecondsUntil(points, level) / 1000);
}

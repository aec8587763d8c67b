/** Size of a token bucket: it holds up to `points`, and an empty bucket fills up evenly within `windowMs`. */
export type BucketSize = {
  /** Name of the bucket in the extensions of errors. */
  readonly name: string;
  readonly points: number;
  readonly windowMs: number;
  /** Name of the bucket in quotes, as a structured-field string for response headers. */
  readonly quotedName: string;
  /** Item of the header `RateLimit-Policy`, such as `"FREE";q=1000;w=60`. */
  readonly policy: string;
};

/** A token bucket: its size and its key. */
export type Bucket = BucketSize & {
  /** Key of the bucket in Redis or in this process. It contains the owner and the size of the bucket. */
  readonly key: string;
};

/**
 * Creates the size of buckets. The texts for response headers are created here, because many buckets share
 * one size.
 */
export function bucketSize(name: string, points: number, windowMs: number): BucketSize {
  const quotedName = quoted(name);
  return { name, points, windowMs, quotedName, policy: `${quotedName};q=${points};w=${windowMs / 1000}` };
}

/** Returns a bucket of another size. The key stays the same. */
export function resized(bucket: Bucket, points: number): Bucket {
  if (points === bucket.points) return bucket;
  return { ...bucketSize(bucket.name, points, bucket.windowMs), key: bucket.key };
}

// Returns a structured-field string (RFC 9651), which contains only printable ASCII. The name of a tier may
// contain other characters.
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A number of points that a request takes from a bucket. */
export type Debit = { readonly bucket: Bucket; readonly points: number };

/** Content of a bucket after a request was admitted or rejected. */
export type BucketLevel = {
  readonly bucket: Bucket;
  /**
   * Content in units, which are fractions of a point (see `unitsOf`). Example: in a bucket that gains 10
   * points per 1000 ms, one point has 1000 units, so that the bucket gains 10 units per millisecond.
   */
  readonly units: number;
};

/**
 * Converts points to units, in which the content of buckets is counted. In every configuration a bucket gains
 * a whole number of units per millisecond, and contents are exact integers below 2^53, so that rounding
 * neither creates nor loses points (docs/decisions/005-token-bucket.md).
 */
export function unitsOf(points: number, { windowMs }: Bucket): number {
  return points * windowMs;
}

const MAX_POINTS = 100_000_000;

/**
 * Returns the points to charge for a cost: a whole number of at least one. For NaN it returns more points
 * than any bucket holds, so that the operation is rejected.
 */
export function chargeablePoints(cost: number): number {
  if (Number.isNaN(cost)) return MAX_POINTS + 1;
  return Math.min(Math.max(Math.ceil(cost), 1), MAX_POINTS + 1);
}

/** Returns the whole points that a bucket holds. */
export function remainingPoints({ bucket, units }: BucketLevel): number {
  return Math.floor(units / bucket.windowMs);
}

/** Returns the milliseconds until the bucket holds `points`, rounded up. */
export function millisecondsUntil(points: number, { bucket, units }: BucketLevel): number {
  return Math.ceil(Math.max(unitsOf(points, bucket) - units, 0) / bucket.points);
}

/** Returns the seconds until the bucket holds `points`, rounded up. */
export function secondsUntil(points: number, level: BucketLevel): number {
  return Math.ceil(millisecondsUntil(points, level) / 1000);
}

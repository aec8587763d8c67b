import { remainingPoints, secondsUntil } from './bucket.ts';
import type { BucketLevel } from './bucket.ts';

/**
 * Returns the rate-limit headers of a response. `RateLimit-Policy` lists every bucket, and `RateLimit` the
 * one with the fewest points left (draft-ietf-httpapi-ratelimit-headers-10). `X-RateLimit-*` are the older
 * form. Quotas are in points; times are the seconds until the bucket is full again.
 */
export function rateLimitHeaders(levels: readonly BucketLevel[]): Record<string, string> {
  const scarcest = scarcestOf(levels);
  if (scarcest === undefined) return {};
  const { quotedName, points } = scarcest.bucket;
  const remaining = remainingPoints(scarcest);
  const resetS = secondsUntil(points, scarcest);
  let policies = '';
  for (const { bucket } of levels) policies += policies === '' ? bucket.policy : `, ${bucket.policy}`;
  return {
    'ratelimit-policy': policies,
    ratelimit: `${quotedName};r=${remaining};t=${resetS}`,
    'x-ratelimit-limit': String(points),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetS),
  };
}

/** Returns the bucket with the fewest points; the first one if several buckets have equally few. */
export function scarcestOf(levels: readonly BucketLevel[]): BucketLevel | undefined {
  let scarcest: BucketLevel | undefined;
  for (const level of levels)
    if (scarcest === undefined || remainingPoints(level) < remainingPoints(scarcest)) scarcest = level;
  return scarcest;
}

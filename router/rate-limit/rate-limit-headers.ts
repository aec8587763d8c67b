import { remainingPoints, secondsUntil } from './bucket.ts';
import type { BucketLevel } from './bucket.ts';

/**
 * What a client is told of its budget: `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers-10
 * (structured fields; every bucket, then the one that decides), and the older `X-RateLimit-*`.
 * Quota is in cost points; the time is the seconds until the bucket is full again.
 */
export function rateLimitHeaders(levels: readonly BucketLevel[]): Record<string, string> {
  const scarcest = scarcestOf(levels);
  if (scarcest === undefined) return {};
  const remaining = remainingPoints(scarcest);
  const resetS = secondsUntil(scarcest.bucket.points, scarcest);
  return {
    'ratelimit-policy': levels.map(({ bucket }) => policy(bucket)).join(', '),
    ratelimit: `${quoted(scarcest.bucket.name)};r=${remaining};t=${resetS}`,
    'x-ratelimit-limit': String(scarcest.bucket.points),
    'x-ratelimit-remaining': String(remaining),
    'x-ratelimit-reset': String(resetS),
  };
}

function scarcestOf(levels: readonly BucketLevel[]): BucketLevel | undefined {
  return levels.toSorted((a, b) => remainingPoints(a) - remainingPoints(b))[0];
}

function policy({ name, points, windowMs }: BucketLevel['bucket']): string {
  return `${quoted(name)};q=${points};w=${windowMs / 1000}`;
}

// A String of RFC 9651: printable ASCII. Tier names come from the configuration, which may hold anything.
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

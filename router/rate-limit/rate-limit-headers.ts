import { remainingPoints, secondsUntil } from './bucket.ts';
import type { BucketLevel } from './bucket.ts';

/**
 * Returns the rate-limit headers of a response. `RateLimit-Policy` lists every bucket and `RateLimit` the
 * emptiest one, as in draft-ietf-httpapi-ratelimit-headers-10. `X-RateLimit-*` are the older form. The quota
 * is in points, the time in seconds until the bucket is full again.
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

// Returns a structured-field string (RFC 9651), which contains only printable ASCII. The name of a tier may
// contain other characters.
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

import type { PooledRequest } from './pooled-request.ts';

/**
 * Maximum number of bytes of requests that are sent together on one connection. The kernel accepts this much
 * in one write, so no response arrives before all of the requests are written.
 */
const MAX_BYTES = 16_384;

/** Requests that are sent together: in one write on one connection. */
export type Batch = readonly PooledRequest[];

/**
 * Returns the index after the last request of the batch that begins at index `from`. A batch is a group of
 * requests that are sent together on one connection.
 */
export function endOfBatch(requests: readonly PooledRequest[], from: number, maxRequests: number): number {
  let bytes = 0;
  let end = from;
  while (end < requests.length && end - from < maxRequests) {
    const request = requests[end];
    if (request === undefined || !request.isJoinable || bytes + request.maxBytes > MAX_BYTES) break;
    bytes += request.maxBytes;
    end += 1;
  }
  // A request that is not sent together with others is a batch by itself.
  return Math.max(end, from + 1);
}

/**
 * Returns the number of batches (groups that are sent together) into which the requests are divided, but at
 * most `limit`.
 */
export function countBatches(requests: readonly PooledRequest[], maxRequests: number, limit: number): number {
  let count = 0;
  for (let at = 0; at < requests.length && count < limit; at = endOfBatch(requests, at, maxRequests))
    count += 1;
  return count;
}

import type { PooledRequest } from './pooled-request.ts';

/**
 * Maximum length of requests that are sent together, in characters. The kernel accepts this much at once, so
 * a response never arrives before all of them are written.
 */
const MAX_CHARACTERS = 16_384;

/** Requests that one write sends on one connection. */
export type Batch = readonly PooledRequest[];

/** Returns the end of the batch of at most `maxRequests` that begins at a position. */
export function endOfBatch(requests: readonly PooledRequest[], from: number, maxRequests: number): number {
  let characters = requests[from]?.joinableText?.length;
  let end = from + 1;
  while (characters !== undefined && end - from < maxRequests) {
    const length = requests[end]?.joinableText?.length;
    if (length === undefined || characters + length > MAX_CHARACTERS) break;
    characters += length;
    end += 1;
  }
  return end;
}

/** Number of batches that requests make up, counted up to a limit. */
export function countBatches(requests: readonly PooledRequest[], maxRequests: number, limit: number): number {
  let count = 0;
  for (let at = 0; at < requests.length && count < limit; at = endOfBatch(requests, at, maxRequests))
    count += 1;
  return count;
}

/** Returns the bytes of all requests of a batch. */
export function bytesOf(batch: Batch): string | Buffer {
  const [first] = batch;
  if (first !== undefined && batch.length === 1) return first.bytes;
  let text = '';
  for (const request of batch) text += request.joinableText ?? '';
  return text;
}

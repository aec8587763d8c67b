import type { PooledRequest } from './pooled-request.ts';

/**
 * Maximum length in characters of requests that are sent together on one connection. The kernel accepts this
 * much in one write, so no response arrives before all of the requests are written.
 */
const MAX_CHARACTERS = 16_384;

/** Requests that are sent together, in one write on one connection. */
export type Batch = readonly PooledRequest[];

/** Returns the index behind the last request of the batch that begins at index `from`. */
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

/** Returns into how many batches the requests are split, but at most `limit`. */
export function countBatches(requests: readonly PooledRequest[], maxRequests: number, limit: number): number {
  let count = 0;
  for (let at = 0; at < requests.length && count < limit; at = endOfBatch(requests, at, maxRequests))
    count += 1;
  return count;
}

/** Returns heads and bodies of all requests of a batch, to be sent in one write. */
export function bytesOf(batch: Batch): string | Buffer {
  const [first] = batch;
  if (first !== undefined && batch.length === 1) return first.bytes;
  let text = '';
  for (const request of batch) text += request.joinableText ?? '';
  return text;
}

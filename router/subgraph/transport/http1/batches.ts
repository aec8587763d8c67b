import type { PooledRequest } from './pooled-request.ts';

/**
 * Maximum total length in characters of the requests that are sent together on one connection. The kernel
 * accepts this much in one write, so all requests are written before the first response arrives.
 */
const MAX_CHARACTERS = 16_384;

/** Requests that are sent together: in one write on one connection. */
export type Batch = readonly PooledRequest[];

/**
 * Returns the index after the last request of the batch that begins at index `from`. A batch is a group of
 * requests that are sent together on one connection.
 */
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

/** Returns heads and bodies of all requests in a batch, so that they are sent in one write. */
export function bytesOf(batch: Batch): string | Buffer {
  const [first] = batch;
  if (first !== undefined && batch.length === 1) return first.bytes;
  let text = '';
  for (const request of batch) text += request.joinableText ?? '';
  return text;
}

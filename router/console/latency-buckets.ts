/**
 * Number of durations per bucket, as pairs that can be sent to another process and summed. Empty buckets are
 * left out. A bucket ends 9 percent above its start, so a percentile is off by at most 4.5 percent.
 */
export type LatencyCounts = readonly (readonly [bucket: number, count: number])[];

const SMALLEST_MS = 0.1;
const BUCKETS_PER_DOUBLING = 8;
const MAX_BUCKET = 24 * BUCKETS_PER_DOUBLING;

/** Counts, by bucket, the durations of all requests or of all calls to one subgraph in one time step. */
export class LatencyBuckets {
  readonly #counts = new Map<number, number>();

  add(ms: number): void {
    const bucket = Math.round(BUCKETS_PER_DOUBLING * Math.log2(Math.max(ms, SMALLEST_MS) / SMALLEST_MS));
    const index = Math.min(bucket, MAX_BUCKET);
    this.#counts.set(index, (this.#counts.get(index) ?? 0) + 1);
  }

  counts(): LatencyCounts {
    return [...this.#counts];
  }
}

/** Returns a percentile of durations in milliseconds; undefined if there are none. */
export function percentile(parts: readonly LatencyCounts[], share: number): number | undefined {
  const sums = new Map<number, number>();
  for (const [bucket, count] of parts.flat()) sums.set(bucket, (sums.get(bucket) ?? 0) + count);
  const total = [...sums.values()].reduce((sum, count) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of [...sums].toSorted(([a], [b]) => a - b)) {
    seen += count;
    if (seen >= share * total) return SMALLEST_MS * 2 ** (bucket / BUCKETS_PER_DOUBLING);
  }
  return undefined;
}

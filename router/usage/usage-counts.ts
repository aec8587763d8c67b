/** Upper bounds of the buckets in `latencyBuckets`, in milliseconds; the last bucket has no upper bound. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

/** Counts of the requests of one operation by one client. */
export type UsageCounts = {
  requests: number;
  /** Number of requests that were rejected or whose response has errors. */
  errors: number;
  /** Sum of the estimated costs of all requests, in points. */
  cost: number;
  /** Number of requests in each latency bucket alone, without those of lower buckets. */
  readonly latencyBuckets: number[];
  /** Times of the first and of the last request, in milliseconds since 1970. */
  firstSeen: number;
  lastSeen: number;
};

/** Values that are counted for a finished request: its outcome, cost, duration and time. */
export type FinishedRequest = {
  readonly ms: number;
  readonly cost: number;
  readonly failed: boolean;
  /** Time at which the request ended, in milliseconds since 1970. */
  readonly at: number;
};

export function noRequests(at: number): UsageCounts {
  return {
    requests: 0,
    errors: 0,
    cost: 0,
    latencyBuckets: Array<number>(LATENCY_BOUNDS_MS.length + 1).fill(0),
    firstSeen: at,
    lastSeen: at,
  };
}

export function countRequest(counts: UsageCounts, { ms, cost, failed, at }: FinishedRequest): void {
  counts.requests += 1;
  if (failed) counts.errors += 1;
  counts.cost += cost;
  let bucket = 0;
  while (bucket < LATENCY_BOUNDS_MS.length && ms > (LATENCY_BOUNDS_MS[bucket] ?? Infinity)) bucket += 1;
  counts.latencyBuckets[bucket] = (counts.latencyBuckets[bucket] ?? 0) + 1;
  counts.lastSeen = at;
}

export function addCounts(sum: UsageCounts, added: Readonly<UsageCounts>): void {
  sum.requests += added.requests;
  sum.errors += added.errors;
  sum.cost += added.cost;
  for (const [bucket, count] of added.latencyBuckets.entries())
    sum.latencyBuckets[bucket] = (sum.latencyBuckets[bucket] ?? 0) + count;
  sum.firstSeen = Math.min(sum.firstSeen, added.firstSeen);
  sum.lastSeen = Math.max(sum.lastSeen, added.lastSeen);
}

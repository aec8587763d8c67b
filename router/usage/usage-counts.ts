/** Upper bounds in milliseconds of the buckets in `latencyBuckets`; the last bucket has no bound. */
export const LATENCY_BOUNDS_MS: readonly number[] = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000,
];

/** Counts of the requests of one operation by one client. */
export type UsageCounts = {
  requests: number;
  /** Requests that were rejected or whose response has errors. */
  errors: number;
  /** Sum of the estimated costs in points. */
  cost: number;
  /** Number of requests by latency, not cumulative. */
  readonly latencyBuckets: number[];
  /** Times in milliseconds since 1970. */
  firstSeen: number;
  lastSeen: number;
};

/** A finished request. */
export type FinishedRequest = {
  readonly ms: number;
  readonly cost: number;
  readonly failed: boolean;
  /** Time in milliseconds since 1970. */
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

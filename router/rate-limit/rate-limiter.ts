import type { Config } from '../config/config-schema.ts';
import type { RedisLink } from '../redis/connect.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { millisecondsUntil, remainingPoints, resized } from './bucket.ts';
import type { Bucket, BucketLevel, Debit } from './bucket.ts';
import { createCallerBuckets } from './caller-buckets.ts';
import type { CallDebit, ChargeRequest, Debits } from './caller-buckets.ts';
import { LocalBuckets } from './local-buckets.ts';
import type { Decision } from './local-buckets.ts';
import { rateLimitHeaders, scarcestOf } from './rate-limit-headers.ts';
import { RedisBuckets } from './redis-buckets.ts';
import type { RefundOutcome } from './redis-buckets.ts';

/**
 * Points and calls that were charged for an operation. They can be returned with `refund` and `refundCalls`.
 */
export type Reservation = {
  readonly store: 'redis' | 'local' | 'none';
  readonly buckets: readonly Bucket[];
  readonly points: number;
  /**
   * Calls of fields with a rate limit that were charged to the buckets of these fields. If a call returns a
   * value, it may be refunded.
   */
  readonly calls: readonly CallDebit[];
  /**
   * Points that are left in the caller's emptiest bucket after the charge; undefined if the charge used no
   * bucket.
   */
  readonly remaining: number | undefined;
};

type Headers = Readonly<Record<string, string>>;

/**
 * A token bucket that holds too little for a request: too few points or, in the bucket of a field with a rate
 * limit, too few calls.
 */
export type Shortage = {
  /** Name of the bucket in the header `RateLimit-Policy`. */
  readonly bucket: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
};

/** Result of charging an operation. */
export type RateLimitDecision =
  | { readonly kind: 'admitted'; readonly headers: Headers; readonly reservation: Reservation }
  | {
      readonly kind: 'rejected';
      readonly headers: Headers;
      readonly retryAfterMs: number;
      /**
       * The bucket that takes longest to hold enough points for the request; undefined if requests are
       * rejected because Redis is down.
       */
      readonly shortage?: Shortage;
      /**
       * Coordinate of the field that is called too often; undefined if the cost of the operation is too high.
       */
      readonly field?: string;
    }
  /**
   * The operation is rejected because its cost is higher than the size of a bucket. Waiting does not help, so
   * the response has no retry time.
   */
  | {
      readonly kind: 'unaffordable';
      readonly headers: Headers;
      readonly affordable: number;
      /**
       * Coordinate of the field that is called too often; undefined if the cost of the operation is too high.
       */
      readonly field?: string;
    };

/** Charges operations to the token buckets of their callers. */
export type RateLimiter = {
  /**
   * Takes the cost of an operation from the caller's buckets, and the calls of fields with a rate limit from
   * the buckets of these fields. If one bucket holds too little, nothing is taken from any bucket. The
   * promise never rejects, and settles within the timeout for Redis.
   */
  charge(request: ChargeRequest): Promise<RateLimitDecision>;
  /**
   * Returns points of a charge to its buckets. If the number is negative, points are charged in addition, up
   * to what the buckets hold. The promise never rejects; it resolves to `lost` if Redis is down.
   */
  refund(reservation: Reservation, points: number): Promise<RefundOutcome>;
  /**
   * Returns calls to the buckets of fields with a rate limit. The promise never rejects; it resolves to
   * `lost` if Redis is down.
   */
  refundCalls(reservation: Reservation, calls: readonly Debit[]): Promise<RefundOutcome>;
};

export type RateLimiterParts = {
  /** Redis with the shared buckets; without it each router has its own buckets. */
  readonly redis: RedisLink | undefined;
  /**
   * Object that accesses the buckets in Redis; by default a new object is created. When the configuration
   * changes, the existing object is passed in.
   */
  readonly shared?: RedisBuckets | undefined;
  /** Number of processes of this router. Without Redis each of them has an equal share of every bucket. */
  readonly processes?: number;
  /**
   * Buckets in the memory of this process; by default new ones are created. When the configuration changes,
   * the existing ones are passed in, so that their contents are kept.
   */
  readonly local?: LocalBuckets;
  readonly monotonic: () => number;
  readonly telemetry: Pick<Telemetry, 'rateLimitDecided'>;
};

type StoredDecision = Decision & { readonly store: Reservation['store'] };

const DONE: Promise<RefundOutcome> = Promise.resolve('done');
const LOST: Promise<RefundOutcome> = Promise.resolve('lost');

/**
 * Creates the limiter that charges operations to token buckets in Redis, or in this process while Redis is
 * down.
 */
export function createRateLimiter(config: Config['rateLimit'], parts: RateLimiterParts): RateLimiter {
  const debitsOf = createCallerBuckets(config);
  const { redis, local = new LocalBuckets(parts.monotonic) } = parts;
  const { processes = 1 } = parts;
  const shares = config.instances * processes;
  // Without Redis, a process never admits more than its own share of a bucket.
  const constantShares = redis === undefined ? processes : 1;
  const { shared = redis && new RedisBuckets(redis) } = parts;

  function decideWithoutRedis(debits: readonly Debit[]): StoredDecision {
    switch (config.onRedisFailure) {
      case 'local':
        return decideLocally(debits, shares);
      case 'allow':
        return { admitted: true, levels: [], store: 'none' };
      case 'deny':
        return { admitted: false, levels: [], store: 'none' };
    }
  }

  // Copies the contents of charged buckets from Redis to the buckets of this process, which are used while
  // Redis is down. Otherwise every caller would have full buckets whenever Redis goes down.
  function followed(decision: Decision): StoredDecision {
    if (config.onRedisFailure === 'local')
      for (const { bucket, units } of decision.levels)
        local.fill(bucket.key, Math.floor((units / bucket.points) * localPoints(bucket, shares)));
    return { admitted: decision.admitted, levels: decision.levels, store: 'redis' };
  }

  function decideLocally(debits: readonly Debit[], parties: number): StoredDecision {
    const own = debits.map(({ bucket, points }) => ({
      bucket: resized(bucket, localPoints(bucket, parties)),
      points,
    }));
    return { ...local.charge(own), store: 'local' };
  }

  function conclude(decision: StoredDecision, debits: Debits, { prepaid }: ChargeRequest): RateLimitDecision {
    parts.telemetry.rateLimitDecided(decision.admitted ? 'admitted' : 'rejected', decision.store);
    return decision.admitted ? admitted(decision, debits) : rejected(decision, debits, prepaid);
  }

  function returnPoints(debits: readonly Debit[], store: Reservation['store']): Promise<RefundOutcome> {
    if (debits.length === 0) return DONE;
    if (store === 'local') local.refund(debits);
    if (store !== 'redis') return DONE;
    if (redis?.available() !== true || shared === undefined) return LOST;
    return shared.refund(debits);
  }

  return {
    charge(request) {
      const debits = debitsOf(request);
      const { cost, calls } = debits;
      const tooMuch = unaffordable(debits, constantShares, request.prepaid);
      if (tooMuch !== undefined) return Promise.resolve(tooMuch);
      const all = calls.length === 0 ? cost : [...cost, ...calls];
      if (redis === undefined || shared === undefined)
        return Promise.resolve(conclude(decideLocally(all, processes), debits, request));
      if (!redis.available()) return Promise.resolve(conclude(decideWithoutRedis(all), debits, request));
      return shared.charge(all, (decision) =>
        conclude(decision === undefined ? decideWithoutRedis(all) : followed(decision), debits, request),
      );
    },

    refund({ buckets, store, points: charged }, points) {
      const back = Math.min(Math.floor(points), charged);
      if (Number.isNaN(back) || back === 0) return DONE;
      return returnPoints(
        buckets.map((each) => ({ bucket: each, points: Math.max(back, -each.points) })),
        store,
      );
    },

    refundCalls: ({ store }, calls) => returnPoints(calls, store),
  };
}

/**
 * Returns the decision for a request that needs more points or calls than a full bucket holds; undefined for
 * any other request.
 * @param parties number of processes that have equal shares of each bucket
 */
function unaffordable({ cost, calls }: Debits, parties: number, prepaid = 0): RateLimitDecision | undefined {
  for (const { bucket, points } of calls) {
    const most = localPoints(bucket, parties);
    if (points > most) return { kind: 'unaffordable', headers: {}, affordable: most, field: bucket.name };
  }
  let affordable = Infinity;
  let needed = 0;
  for (const { bucket, points } of cost) {
    affordable = Math.min(affordable, localPoints(bucket, parties));
    needed = Math.max(needed, points + prepaid);
  }
  return needed <= affordable ? undefined : { kind: 'unaffordable', headers: {}, affordable };
}

function admitted({ levels, store }: StoredDecision, { cost, calls }: Debits): RateLimitDecision {
  // The headers report points. The buckets of fields with a rate limit are left out, because they count
  // calls.
  const ofCost = calls.length === 0 ? levels : levels.slice(0, cost.length);
  const scarcest = scarcestOf(ofCost);
  const reservation: Reservation = {
    store,
    buckets: ofCost.map(({ bucket }) => bucket),
    points: cost[0]?.points ?? 0,
    // Each call is stored with the bucket that was charged, because a refund must go to the same bucket.
    // While Redis is down, a bucket of this process is charged, which is smaller than the configured bucket.
    calls:
      calls.length === 0
        ? calls
        : calls.map((call, index) => ({
            ...call,
            bucket: levels[cost.length + index]?.bucket ?? call.bucket,
          })),
    remaining: scarcest && remainingPoints(scarcest),
  };
  return { kind: 'admitted', headers: rateLimitHeaders(ofCost), reservation };
}

/** Milliseconds after which clients may retry, if requests are rejected because Redis is down. */
const DENIED_RETRY_MS = 1_000;

// The points that the rejected request has prepaid are not refunded, and a retry is charged the whole cost
// again. The time to wait is therefore computed for the whole cost.
function rejected({ levels }: StoredDecision, { cost, calls }: Debits, prepaid = 0): RateLimitDecision {
  const debits = [...cost.map(({ bucket, points }) => ({ bucket, points: points + prepaid })), ...calls];
  const waiting = levels
    .map((level, index) => ({
      level,
      waitMs: millisecondsUntil(debits[index]?.points ?? 0, level),
      isOfCall: index >= cost.length,
    }))
    .filter(({ waitMs }) => waitMs > 0);
  const longest = waiting.toSorted((a, b) => b.waitMs - a.waitMs)[0];
  const retryAfterMs = longest?.waitMs ?? DENIED_RETRY_MS;
  // Among fields with a rate limit, the headers name only the field in the error. If a contract hides this
  // field, the headers are removed later. Otherwise they are kept, and must not name another, hidden field.
  const described = waiting.filter(
    ({ level, isOfCall }) =>
      !isOfCall || (longest?.isOfCall && level.bucket.name === longest.level.bucket.name),
  );
  const headers = rateLimitHeaders(described.map(({ level }) => level));
  return {
    kind: 'rejected',
    headers: { ...headers, 'retry-after': String(Math.ceil(retryAfterMs / 1_000)) },
    retryAfterMs,
    ...(longest && { shortage: shortageOf(longest.level) }),
    ...(longest?.isOfCall === true && { field: longest.level.bucket.name }),
  };
}

function shortageOf(level: BucketLevel): Shortage {
  const { name, points, windowMs } = level.bucket;
  return { bucket: name, limit: points, windowMs, remaining: remainingPoints(level) };
}

/**
 * Returns the size in points of a bucket in this process while Redis is down: an equal share of the
 * configured size, so that all routers (or processes) together do not exceed it.
 */
function localPoints({ points }: Bucket, parties: number): number {
  return Math.max(1, Math.floor(points / parties));
}

/**
 * Returns the points that the emptiest bucket of a charge holds after `refunded` points were returned to it
 * or, if the number is negative, taken from it.
 */
export function remainingAfter({ remaining, buckets }: Reservation, refunded: number): number | undefined {
  if (remaining === undefined) return undefined;
  const capacity = Math.min(...buckets.map(({ points }) => points));
  return Math.min(Math.max(remaining + refunded, 0), capacity);
}

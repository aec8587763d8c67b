import type { Config } from '../config/config-schema.ts';
import type { RedisLink } from '../redis/connect.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { millisecondsUntil, remainingPoints } from './bucket.ts';
import type { Bucket, BucketLevel, Debit } from './bucket.ts';
import { createCallerBuckets } from './caller-buckets.ts';
import type { CallDebit, ChargeRequest, Debits } from './caller-buckets.ts';
import { LocalBuckets } from './local-buckets.ts';
import type { Decision } from './local-buckets.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { RedisBuckets } from './redis-buckets.ts';

/** What was taken for an operation's cost, to be given back in part with `refund`. Calls of limited fields are not given back. */
export type Reservation = {
  readonly store: 'redis' | 'local' | 'none';
  readonly buckets: readonly Bucket[];
  readonly points: number;
  /** Calls of limited fields, of which those that are `refundable` may be given back. */
  readonly calls: readonly CallDebit[];
  /** What the scarcest bucket held afterwards; undefined where nobody counts. */
  readonly remaining: number | undefined;
};

type Headers = Readonly<Record<string, string>>;

/** The state of a bucket that holds too little for a request, in points, or in calls for a limited field. */
export type Shortage = {
  /** The name that `RateLimit-Policy` gives to the bucket. */
  readonly bucket: string;
  readonly limit: number;
  readonly windowMs: number;
  readonly remaining: number;
};

export type RateLimitDecision =
  | { readonly kind: 'admitted'; readonly headers: Headers; readonly reservation: Reservation }
  | {
      readonly kind: 'refused';
      readonly headers: Headers;
      readonly retryAfterMs: number;
      /** The bucket to wait for; undefined when requests are refused because Redis is gone. */
      readonly shortage?: Shortage;
      /** The field that has been called too often, where it is not the cost that is too high. */
      readonly field?: string;
    }
  /** The operation takes more than a full bucket holds: waiting does not help. */
  | {
      readonly kind: 'unaffordable';
      readonly headers: Headers;
      readonly affordable: number;
      /** The field that is called too often, where it is not the cost that is too high. */
      readonly field?: string;
    };

export type RateLimiter = {
  /** Takes cost and calls from the caller's buckets, all of them or none. Never rejects, never waits longer than a command of Redis may. */
  charge(request: ChargeRequest): Promise<RateLimitDecision>;
  /** Gives back part of a charge, or takes more when `points` is negative, but never what is not there. Never rejects. */
  refund(reservation: Reservation, points: number): Promise<'done' | 'lost'>;
  /** Gives back calls of limited fields. Never rejects. */
  refundCalls(reservation: Reservation, calls: readonly Debit[]): Promise<'done' | 'lost'>;
};

export type RateLimiterParts = {
  /** Without it the buckets are this router's own. */
  readonly redis: RedisLink | undefined;
  /** Processes of this router, which share what it has to give without Redis. */
  readonly processes?: number;
  readonly monotonic: () => number;
  readonly telemetry: Pick<Telemetry, 'rateLimitDecided'>;
};

type StoredDecision = Decision & { readonly store: Reservation['store'] };

/** Charges operations to token buckets: in Redis, or in this process while there is none. */
export function createRateLimiter(config: Config['rateLimit'], parts: RateLimiterParts): RateLimiter {
  const debitsOf = createCallerBuckets(config);
  const local = new LocalBuckets(parts.monotonic);
  const { redis } = parts;
  const shares = config.instances * (parts.processes ?? 1);
  const shared = redis && new RedisBuckets(redis);

  async function decide(debits: readonly Debit[]): Promise<StoredDecision> {
    if (redis === undefined || shared === undefined) return decideLocally(debits, parts.processes ?? 1);
    if (!redis.available()) return decideWithoutRedis(debits);
    try {
      const decision = await shared.charge(debits);
      if (config.onRedisFailure === 'local') follow(decision.levels);
      return { ...decision, store: 'redis' };
    } catch (error) {
      redis.lose(error);
      return decideWithoutRedis(debits);
    }
  }

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

  // What is spent stays spent: otherwise each loss of Redis, however short, would be a new budget for everybody.
  function follow(levels: Decision['levels']): void {
    for (const { bucket, units } of levels)
      local.fill(bucket.key, Math.floor((units / bucket.points) * localPoints(bucket, shares)));
  }

  function decideLocally(debits: readonly Debit[], parties: number): StoredDecision {
    const own = debits.map(({ bucket, points }) => ({
      bucket: { ...bucket, points: localPoints(bucket, parties) },
      points,
    }));
    return { ...local.charge(own), store: 'local' };
  }

  async function returnPoints(
    debits: readonly Debit[],
    store: Reservation['store'],
  ): Promise<'done' | 'lost'> {
    if (debits.length === 0) return 'done';
    if (store === 'local') local.refund(debits);
    if (store !== 'redis') return 'done';
    if (redis === undefined || shared === undefined || !redis.available()) return 'lost';
    try {
      await shared.refund(debits);
      return 'done';
    } catch (error) {
      redis.lose(error);
      return 'lost';
    }
  }

  return {
    async charge(request) {
      const debits = debitsOf(request);
      const tooMuch = unaffordable(debits, request.prepaid);
      if (tooMuch !== undefined) return tooMuch;
      const stored = await decide([...debits.cost, ...debits.calls]);
      parts.telemetry.rateLimitDecided(stored.admitted ? 'admitted' : 'refused', stored.store);
      return stored.admitted ? admitted(stored, debits) : refused(stored, debits, request.prepaid);
    },

    async refund({ buckets, store, points: charged }, points) {
      const back = Math.min(Math.floor(points), charged);
      if (Number.isNaN(back) || back === 0) return 'done';
      return returnPoints(
        buckets.map((each) => ({ bucket: each, points: back })),
        store,
      );
    },

    refundCalls: ({ store }, calls) => returnPoints(calls, store),
  };
}

function unaffordable({ cost, calls }: Debits, prepaid = 0): RateLimitDecision | undefined {
  const tooOften = calls.find(({ bucket, points }) => points > bucket.points)?.bucket;
  if (tooOften !== undefined)
    return { kind: 'unaffordable', headers: {}, affordable: tooOften.points, field: tooOften.name };
  const affordable = Math.min(...cost.map(({ bucket }) => bucket.points));
  const isAffordable = cost.every(({ points }) => points + prepaid <= affordable);
  return isAffordable ? undefined : { kind: 'unaffordable', headers: {}, affordable };
}

function admitted({ levels, store }: StoredDecision, { cost, calls }: Debits): RateLimitDecision {
  // The headers count in points: what is left of a limited field's calls is of another unit.
  const ofCost = levels.slice(0, cost.length);
  const reservation: Reservation = {
    store,
    buckets: ofCost.map(({ bucket }) => bucket),
    points: cost[0]?.points ?? 0,
    // With the buckets as they were charged: a router without Redis has a share of each.
    calls: calls.map((call, index) => ({
      ...call,
      bucket: levels[cost.length + index]?.bucket ?? call.bucket,
    })),
    remaining: ofCost.length === 0 ? undefined : Math.min(...ofCost.map(remainingPoints)),
  };
  return { kind: 'admitted', headers: rateLimitHeaders(ofCost), reservation };
}

/** Milliseconds to wait when requests are refused because Redis is gone. */
const DENIED_RETRY_MS = 1_000;

// The next attempt is charged in full again: what was prepaid for this one stays charged.
function refused({ levels }: StoredDecision, { cost, calls }: Debits, prepaid = 0): RateLimitDecision {
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
  const headers = rateLimitHeaders(waiting.map(({ level }) => level));
  return {
    kind: 'refused',
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

/** What one of so many parties may give out of a bucket. */
function localPoints({ points }: Bucket, parties: number): number {
  return Math.max(1, Math.floor(points / parties));
}

/** What the scarcest bucket holds when part of the charge has been given back. */
export function remainingAfter({ remaining, buckets }: Reservation, refunded: number): number | undefined {
  if (remaining === undefined) return undefined;
  const capacity = Math.min(...buckets.map(({ points }) => points));
  return Math.min(Math.max(remaining + refunded, 0), capacity);
}

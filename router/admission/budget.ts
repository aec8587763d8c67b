import { hash } from 'node:crypto';
import type { Config } from '../config-schema.ts';
import type { Identity, UserIdentity } from '../identity/identity.ts';
import type { RedisLink } from '../redis.ts';
import type { Telemetry } from '../telemetry.ts';
import { chargeablePoints, secondsUntil } from './bucket.ts';
import type { Bucket } from './bucket.ts';
import { addressBlock } from './client-address.ts';
import { LocalBuckets } from './local-buckets.ts';
import type { Decision } from './local-buckets.ts';
import { rateLimitHeaders } from './rate-limit-headers.ts';
import { RedisBuckets } from './redis-buckets.ts';

export type Caller = {
  readonly identity: Identity;
  /** The client's address, as `ClientAddress` finds it. */
  readonly address: string;
};

/** What was taken, to be given back with `refund`. */
export type Charge = {
  readonly store: 'redis' | 'local' | 'none';
  readonly buckets: readonly Bucket[];
  readonly points: number;
};

export type BudgetDecision =
  | { readonly kind: 'admitted'; readonly headers: Record<string, string>; readonly charge: Charge }
  | { readonly kind: 'refused'; readonly headers: Record<string, string>; readonly retryAfterS: number }
  /** The operation costs more than a full bucket holds: waiting does not help. */
  | { readonly kind: 'unaffordable'; readonly headers: Record<string, string>; readonly affordable: number };

export type Budget = {
  /** Takes the cost from the caller's buckets, all of them or none. Never rejects, never waits longer than a command of Redis may. */
  charge(request: Caller & { readonly cost: number }): Promise<BudgetDecision>;
  /** Gives back part of a charge, for what was not delivered. Never rejects. */
  refund(charge: Charge, points: number): Promise<void>;
};

export type BudgetParts = {
  /** Without it the buckets are this router's own. */
  readonly redis: RedisLink | undefined;
  /** Processes of this router, which share what it has to give without Redis. */
  readonly processes?: number;
  readonly monotonic: () => number;
  readonly telemetry: Pick<Telemetry, 'budgetDecided'>;
};

type Stored = Decision & Pick<Charge, 'store' | 'buckets'>;

/** Charges each operation its cost: a bucket per user (by tier) or anonymous address, and one per address for all together. */
export function createBudget(config: Config['rateLimit'], parts: BudgetParts): Budget {
  const bucketsOf = createCallerBuckets(config);
  const local = new LocalBuckets(parts.monotonic);
  const { redis } = parts;
  const shared = redis && new RedisBuckets(redis);

  async function decide(buckets: readonly Bucket[], points: number): Promise<Stored> {
    if (redis === undefined || shared === undefined) return decideLocally(shareOf(buckets, 1), points);
    if (!redis.available()) return decideWithoutRedis(buckets, points);
    try {
      return { ...(await shared.charge(buckets, points)), store: 'redis', buckets };
    } catch (error) {
      redis.lose(error);
      return decideWithoutRedis(buckets, points);
    }
  }

  function decideWithoutRedis(buckets: readonly Bucket[], points: number): Stored {
    switch (config.onRedisFailure) {
      case 'local':
        return decideLocally(shareOf(buckets, config.instances), points);
      case 'allow':
        return { admitted: true, levels: [], store: 'none', buckets: [] };
      case 'deny':
        return { admitted: false, levels: [], store: 'none', buckets: [] };
    }
  }

  function shareOf(buckets: readonly Bucket[], routers: number): readonly Bucket[] {
    return buckets.map((bucket) => localShare(bucket, routers * (parts.processes ?? 1)));
  }

  function decideLocally(buckets: readonly Bucket[], points: number): Stored {
    return { ...local.charge(buckets, points), store: 'local', buckets };
  }

  return {
    async charge({ identity, address, cost }) {
      const buckets = bucketsOf({ identity, address });
      const points = chargeablePoints(cost);
      const affordable = Math.min(...buckets.map((bucket) => bucket.points));
      if (points > affordable) return { kind: 'unaffordable', headers: {}, affordable };
      const decision = await decide(buckets, points);
      parts.telemetry.budgetDecided(decision.admitted ? 'admitted' : 'refused', decision.store);
      return decision.admitted ? admitted(decision, points) : refused(decision, points);
    },

    async refund(charge, points) {
      const back = Math.min(Math.floor(points), charge.points);
      if (!(back > 0)) return;
      if (charge.store === 'local') local.refund(charge.buckets, back);
      if (charge.store !== 'redis' || !redis?.available()) return;
      await shared?.refund(charge.buckets, back).catch((error: unknown) => redis.lose(error));
    },
  };
}

const DENIED_RETRY_S = 1;

function admitted({ levels, store, buckets }: Stored, points: number): BudgetDecision {
  return { kind: 'admitted', headers: rateLimitHeaders(levels), charge: { store, buckets, points } };
}

function refused({ levels }: Stored, points: number): BudgetDecision {
  const waits = levels.map((level) => secondsUntil(points, level));
  const retryAfterS = Math.max(DENIED_RETRY_S, ...waits);
  return {
    kind: 'refused',
    headers: { ...rateLimitHeaders(levels), 'retry-after': String(retryAfterS) },
    retryAfterS,
  };
}

/** One of `parts` equal parts of a bucket. */
function localShare(bucket: Bucket, parts: number): Bucket {
  return { ...bucket, points: Math.max(1, Math.floor(bucket.points / parts)) };
}

function createCallerBuckets(config: Config['rateLimit']): (caller: Caller) => readonly Bucket[] {
  // A Map: a tier named __proto__ or constructor is an unknown tier.
  const tiers = new Map(Object.entries(config.tiers));
  const fallback = tiers.get(config.defaultTier) ?? config.anonymous;

  function userBucket(user: UserIdentity): Bucket {
    const tier = tiers.has(user.tier ?? '') ? (user.tier ?? '') : config.defaultTier;
    const id = hash('sha256', `${user.issuer}\n${user.id}`, 'base64url').slice(0, 22);
    return bucket(tier, `u:${id}`, tiers.get(tier) ?? fallback);
  }

  return ({ identity, address }) => {
    const block = addressBlock(address);
    const own =
      identity.kind === 'user' ? userBucket(identity) : bucket('anonymous', `a:${block}`, config.anonymous);
    return [own, bucket('address', `i:${block}`, config.perAddress)];
  };
}

// The size is part of the key: the unit of a stored level depends on it, and routers may differ in it during a deploy.
function bucket(name: string, owner: string, size: { points: number; windowS: number }): Bucket {
  const { points, windowS } = size;
  return { name, key: `${owner}:${points}/${windowS}`, points, windowMs: windowS * 1000 };
}

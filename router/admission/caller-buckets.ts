import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { Identity, UserIdentity } from '../identity/identity.ts';
import { chargeablePoints } from './bucket.ts';
import type { Bucket, Take } from './bucket.ts';
import { addressBlock } from './client-address.ts';
import type { FieldCalls } from './field-calls.ts';

export type Caller = {
  readonly identity: Identity;
  /** The client's address, as `ClientAddress` finds it. */
  readonly address: string;
};

/** What a caller wants to do, in what it takes. */
export type Demand = Caller & {
  readonly cost: number;
  /** Points of the cost that have been taken before. */
  readonly prepaid?: number;
  /** Of fields whose calls are limited. */
  readonly calls?: readonly FieldCalls[];
};

/** What a request takes from each bucket: its cost from some, its calls of limited fields from others. */
export type Takes = { readonly cost: readonly Take[]; readonly calls: readonly Take[] };

/** Finds the buckets of a caller: one per user (by tier) or anonymous address, one per address for all together, one per limited field. */
export function createCallerBuckets(config: Config['rateLimit']): (demand: Demand) => Takes {
  // Maps: a tier named __proto__ or constructor is an unknown tier.
  const tiers = new Map(Object.entries(config.tiers));
  const fields = new Map(Object.entries(config.fields));
  const fallback = tiers.get(config.defaultTier) ?? config.anonymous;

  function ownBucket(owner: string, identity: Identity): Bucket {
    if (identity.kind !== 'user') return bucket('anonymous', owner, config.anonymous);
    const tier = tiers.has(identity.tier ?? '') ? (identity.tier ?? '') : config.defaultTier;
    return bucket(tier, owner, tiers.get(tier) ?? fallback);
  }

  function callTakes(calls: readonly FieldCalls[], owners: Record<'caller' | 'address', string>): Take[] {
    return calls.flatMap(({ coordinate, calls: points }) => {
      const limit = fields.get(coordinate);
      if (limit === undefined) return [];
      const size = { points: limit.calls, windowS: limit.windowS };
      return [{ bucket: bucket(coordinate, `f:${coordinate}:${owners[limit.per]}`, size), points }];
    });
  }

  return ({ identity, address, cost, prepaid = 0, calls = [] }) => {
    const block = addressBlock(address);
    const caller = identity.kind === 'user' ? `u:${userKey(identity)}` : `a:${block}`;
    const points = Math.max(chargeablePoints(cost) - prepaid, 0);
    const buckets = [ownBucket(caller, identity), bucket('address', `i:${block}`, config.perAddress)];
    return {
      cost: buckets.map((each) => ({ bucket: each, points })),
      calls: callTakes(calls, { caller, address: `i:${block}` }),
    };
  };
}

function userKey({ issuer, id }: UserIdentity): string {
  return hash('sha256', `${issuer}\n${id}`, 'base64url').slice(0, 22);
}

// The size is part of the key: the unit of a stored level depends on it, and routers may differ in it during a deploy.
function bucket(name: string, owner: string, size: { points: number; windowS: number }): Bucket {
  const { points, windowS } = size;
  return { name, key: `${owner}:${points}/${windowS}`, points, windowMs: windowS * 1000 };
}

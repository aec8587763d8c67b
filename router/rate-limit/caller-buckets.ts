import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { Identity, UserIdentity } from '../request/identity.ts';
import { canonicalNumber, isExactNumber } from '../shared/exact-json.ts';
import { chargeablePoints } from './bucket.ts';
import type { Bucket, Debit } from './bucket.ts';
import { addressBlock } from './client-address.ts';
import type { FieldCalls } from '../cost/field-calls.ts';
import { limitsOf } from '../cost/field-limits.ts';

export type Caller = {
  readonly identity: Identity;
  /** The client's address, as `ClientAddress` finds it. */
  readonly address: string;
};

/** What a caller wants to do, in what it takes. */
export type ChargeRequest = Caller & {
  readonly cost: number;
  /** Points of the cost that have been taken before. */
  readonly prepaid?: number;
  /** Of fields whose calls are limited. */
  readonly calls?: readonly FieldCalls[];
};

/** What a request takes from each bucket: its cost from some, its calls of limited fields from others. */
export type Debits = { readonly cost: readonly Debit[]; readonly calls: readonly CallDebit[] };

export type CallDebit = Debit & {
  /** The field, if its calls are given back when all of them deliver a value. */
  readonly refundable: { readonly coordinate: string; readonly calls: number } | undefined;
};

/** Finds the buckets of a caller: one per user (by tier) or anonymous address, one per address for all together, one per limited field. */
export function createCallerBuckets(config: Config['rateLimit']): (request: ChargeRequest) => Debits {
  // Maps: a tier named __proto__ or constructor is an unknown tier.
  const tiers = new Map(Object.entries(config.tiers));
  const fallback = tiers.get(config.defaultTier) ?? config.anonymous;

  function ownBucket(owner: string, identity: Identity): Bucket {
    if (identity.kind !== 'user') return bucket('anonymous', owner, config.anonymous);
    const tier = tiers.has(identity.tier ?? '') ? (identity.tier ?? '') : config.defaultTier;
    return bucket(tier, owner, tiers.get(tier) ?? fallback);
  }

  function callTakes(fieldCalls: readonly FieldCalls[], owners: Owners): CallDebit[] {
    return fieldCalls.flatMap((field) => {
      const { coordinate, calls } = field;
      return limitsOf(config.fields, coordinate).flatMap((limit) => {
        const size = { points: limit.calls, windowS: limit.windowS };
        const refundable = limit.counts === 'failures' ? { coordinate, calls } : undefined;
        return [...callsByOwner(limit.per, field, owners)].map(([owner, points]) => ({
          bucket: bucket(coordinate, `f:${coordinate}:${owner}`, size),
          points,
          refundable,
        }));
      });
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

type Owners = { readonly caller: string; readonly address: string };

/** Who pays for how many of the calls. */
function callsByOwner(
  per: string,
  { calls, values }: FieldCalls,
  { caller, address }: Owners,
): ReadonlyMap<string, number> {
  if (!per.startsWith('argument:')) return new Map([[per === 'address' ? address : caller, calls]]);
  const path = per.slice('argument:'.length);
  const counts = new Map<string, number>();
  for (const value of values.get(path) ?? []) {
    const owner = `v:${path}:${valueKey(value)}`;
    counts.set(owner, (counts.get(owner) ?? 0) + 1);
  }
  return counts;
}

const LONGEST_VALUE = 1_024;

/**
 * A key of bounded length that does not reveal the value. Case, surrounding spaces and the way in which a number is written do
 * not make a value another one.
 */
function valueKey(value: unknown): string {
  const text = typeof value === 'string' ? value : numberText(value);
  const normal = text.trim().slice(0, LONGEST_VALUE).normalize('NFKC').toLowerCase();
  return hash('sha256', normal, 'base64url').slice(0, 22);
}

function numberText(value: unknown): string {
  const text = (JSON.stringify(value) ?? '').slice(0, LONGEST_VALUE);
  return typeof value === 'number' || isExactNumber(value) ? canonicalNumber(text) : text;
}

function userKey({ issuer, id }: UserIdentity): string {
  return hash('sha256', `${issuer}\n${id}`, 'base64url').slice(0, 22);
}

// The size is part of the key: the unit of a stored level depends on it, and routers may differ in it during a deploy.
function bucket(name: string, owner: string, size: { points: number; windowS: number }): Bucket {
  const { points, windowS } = size;
  return { name, key: `${owner}:${points}/${windowS}`, points, windowMs: windowS * 1000 };
}

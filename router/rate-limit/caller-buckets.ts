import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { Payer } from '../request/caller.ts';
import type { Identity, UserIdentity } from '../request/identity.ts';
import { canonicalNumber, isExactNumber } from '../shared/exact-json.ts';
import { chargeablePoints } from './bucket.ts';
import type { Bucket, Debit } from './bucket.ts';
import { addressBlock } from '../request/address-block.ts';
import type { FieldCalls } from '../cost/field-calls.ts';
import { limitsOf } from '../cost/field-limits.ts';

/** The caller, the cost and the limited fields of an operation, for which its caller is charged. */
export type ChargeRequest = Payer & {
  readonly cost: number;
  /** Points of `cost` that were already charged while the operation was prepared. */
  readonly prepaid?: number;
  /**
   * Calls of fields that have a rate limit of their own, such as at most 5 calls of `Mutation.login` per
   * minute.
   */
  readonly calls?: readonly FieldCalls[];
};

/**
 * Debits of one request: `cost` takes points from the buckets of the caller, `calls` takes calls from the
 * buckets of limited fields.
 */
export type Debits = { readonly cost: readonly Debit[]; readonly calls: readonly CallDebit[] };

/** Number of calls that a request takes from the bucket of a field with a rate limit. */
export type CallDebit = Debit & {
  /**
   * The field and the number of its calls, if its limit counts only failed calls. The calls are then refunded
   * if all of them return a value. Undefined if the limit counts every call.
   */
  readonly refundable: { readonly coordinate: string; readonly calls: number } | undefined;
};

/**
 * Creates the function that returns the buckets to charge for a request:
 * - the bucket of the user, whose size depends on the tier, or of the anonymous caller's address
 * - a bucket that all callers of the address share
 * - the buckets of the limited fields that the operation calls
 */
export function createCallerBuckets(config: Config['rateLimit']): (request: ChargeRequest) => Debits {
  // A Map, so that a tier named `__proto__` or `constructor` is unknown and not an inherited property.
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

/**
 * Counts the calls of a limited field for each owner of a bucket. Depending on the limit, the owner is the
 * caller, the address, or a value of an argument, such as the email of a login.
 */
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
 * Returns a short key for the value of an argument, from which the value cannot be read. Values that differ
 * only in case, in surrounding spaces or in the notation of a number have equal keys.
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

// The key contains the size of the bucket, because the size decides how many units a point has. During a
// deployment routers may have different sizes.
function bucket(name: string, owner: string, size: { points: number; windowS: number }): Bucket {
  const { points, windowS } = size;
  return { name, key: `${owner}:${points}/${windowS}`, points, windowMs: windowS * 1000 };
}

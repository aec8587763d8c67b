import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { Payer } from '../request/caller.ts';
import type { UserIdentity } from '../request/identity.ts';
import { BoundedCache } from '../shared/bounded-cache.ts';
import { canonicalNumber, isExactNumber } from '../shared/exact-json.ts';
import { bucketSize, chargeablePoints } from './bucket.ts';
import type { Bucket, BucketSize, Debit } from './bucket.ts';
import { addressBlock } from '../request/address-block.ts';
import type { FieldCalls } from '../cost/field-calls.ts';
import { limitsOf } from '../cost/field-limits.ts';

/** An operation to charge: its caller, its cost and its calls of fields with a rate limit. */
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
 * Amounts that one request takes from token buckets: `cost` in points from the caller's buckets, `calls` in
 * calls from the buckets of fields with a rate limit.
 */
export type Debits = { readonly cost: readonly Debit[]; readonly calls: readonly CallDebit[] };

/** Number of calls that a request takes from the bucket of a field with a rate limit. */
export type CallDebit = Debit & {
  /**
   * Set if the field's limit counts only failed calls: the field, and the number of its calls. The calls are
   * refunded if all of them return a value.
   */
  readonly refundable: { readonly coordinate: string; readonly calls: number } | undefined;
};

/**
 * A user or an address, and the bucket to which the operations of this user or address are charged. `owner`
 * identifies the user or address in bucket keys, for example by `u:` and a hash of the user.
 */
type Account = { readonly owner: string; readonly bucket: Bucket };

/** Maximum number of client addresses whose buckets stay in memory. */
const MAX_ADDRESSES = 20_000;

/**
 * Creates the function that returns the buckets to charge for a request:
 * - the bucket of the user, whose size depends on the tier, or of the anonymous caller's address
 * - a bucket that all callers of the address share
 * - a bucket for each field with a rate limit that the operation calls
 */
export function createCallerBuckets(config: Config['rateLimit']): (request: ChargeRequest) => Debits {
  const userOf = createUserAccounts(config);
  const addressOf = createAddressAccounts(config);

  function callTakes(fieldCalls: readonly FieldCalls[], owners: Owners): readonly CallDebit[] {
    const debits = fieldCalls.flatMap((field) => {
      const { coordinate, calls } = field;
      return limitsOf(config.fields, coordinate).flatMap((limit) => {
        const size = sizeOf(coordinate, { points: limit.calls, windowS: limit.windowS });
        const isRefundable = limit.counts === 'failures';
        const refundable = isRefundable ? { coordinate, calls } : undefined;
        // A limit that counts only failed calls has separate buckets, even if another limit of the field has
        // the same size. Otherwise its refunds of successful calls would also fill the buckets of the other
        // limit.
        const kind = isRefundable ? 'ff' : 'f';
        return [...callsByOwner(limit.per, field, owners)].map(([owner, points]) => ({
          bucket: bucketOf(`${kind}:${coordinate}:${owner}`, size),
          points,
          refundable,
        }));
      });
    });
    // Equal limits of a field have the same bucket. It is charged once, so it must be refunded once.
    return [...new Map(debits.map((debit) => [debit.bucket.key, debit])).values()];
  }

  return ({ identity, address, cost, prepaid = 0, calls = [] }) => {
    const { anonymous, shared } = addressOf(address);
    const caller = identity.kind === 'user' ? userOf(identity) : anonymous;
    const points = Math.max(chargeablePoints(cost) - prepaid, 0);
    return {
      cost: [
        { bucket: caller.bucket, points },
        { bucket: shared.bucket, points },
      ],
      calls:
        calls.length === 0 ? NO_CALLS : callTakes(calls, { caller: caller.owner, address: shared.owner }),
    };
  };
}

const NO_CALLS: readonly CallDebit[] = [];

/**
 * Creates the function that returns the account (key and bucket) of a user. An account is created once for
 * each verified token.
 */
function createUserAccounts({ tiers, defaultTier, anonymous }: Config['rateLimit']) {
  // In a Map, a tier named `__proto__` or `constructor` is unknown, and not an inherited property.
  const sizes = new Map(Object.entries(tiers).map(([tier, size]) => [tier, sizeOf(tier, size)]));
  const fallback = sizes.get(defaultTier) ?? sizeOf(defaultTier, anonymous);
  const accounts = new WeakMap<UserIdentity, Account>();
  return (user: UserIdentity): Account => {
    const known = accounts.get(user);
    if (known !== undefined) return known;
    const owner = `u:${userKey(user)}`;
    const account = { owner, bucket: bucketOf(owner, sizes.get(user.tier ?? '') ?? fallback) };
    accounts.set(user, account);
    return account;
  };
}

/**
 * Accounts (keys of buckets) that are charged for a client address: one for all its callers together, and one
 * for its callers without a token.
 */
type AddressAccounts = { readonly shared: Account; readonly anonymous: Account };

function createAddressAccounts(config: Config['rateLimit']): (address: string) => AddressAccounts {
  const sharedSize = sizeOf('address', config.perAddress);
  const anonymousSize = sizeOf('anonymous', config.anonymous);
  const accounts = new BoundedCache<AddressAccounts>(MAX_ADDRESSES);
  return (address) => {
    const known = accounts.get(address);
    if (known !== undefined) return known;
    const block = addressBlock(address);
    const account = (owner: string, size: BucketSize) => ({ owner, bucket: bucketOf(owner, size) });
    const created = {
      shared: account(`i:${block}`, sharedSize),
      anonymous: account(`a:${block}`, anonymousSize),
    };
    accounts.set(address, created);
    return created;
  };
}

type Owners = { readonly caller: string; readonly address: string };

/**
 * Counts the calls of a field with a rate limit, for each owner of a bucket. Depending on the limit, the
 * owner is the caller, the address, or a value of an argument, such as the email of a login.
 */
function callsByOwner(
  per: string,
  { calls, values }: FieldCalls,
  { caller, address }: Owners,
): ReadonlyMap<string, number> {
  if (!per.startsWith('argument:')) return new Map([[per === 'address' ? address : caller, calls]]);
  const path = per.slice('argument:'.length);
  const selected = values.get(path) ?? [];
  // Number of calls whose argument value is not known, because a fragment is spread again or a list has
  // further items. These calls count for each of the values.
  const repeated = Math.max(calls - selected.length, 0);
  const counts = new Map<string, number>();
  for (const value of selected) {
    const owner = `v:${path}:${valueKey(value)}`;
    counts.set(owner, (counts.get(owner) ?? repeated) + 1);
  }
  return counts;
}

const LONGEST_VALUE = 1_024;

/**
 * As many combining marks in sequence as no language uses. Normalization sorts them in quadratic time, so a
 * combining grapheme joiner ends the sequence (Stream-Safe Text Format, UAX #15 section 13). The two last
 * characters have a mark as their compatibility decomposition.
 */
const MANY_MARKS = /[\p{M}\uff9e\uff9f]{30}/gu;

/**
 * Returns a short key for the value of an argument, from which the value cannot be read. Values that differ
 * only in case, in surrounding spaces or in the notation of a number have equal keys.
 */
function valueKey(value: unknown): string {
  const text = typeof value === 'string' ? value : numberText(value);
  const short = text.trim().slice(0, LONGEST_VALUE);
  const normal = short.replaceAll(MANY_MARKS, '$&\u034f').normalize('NFKC').toLowerCase();
  return hash('sha256', normal, 'base64url').slice(0, 22);
}

function numberText(value: unknown): string {
  const text = JSON.stringify(value) ?? '';
  // A number is converted to its canonical notation before `valueKey` shortens the text. If the text were
  // shortened first, two notations of one number could get different keys.
  return typeof value === 'number' || isExactNumber(value) ? canonicalNumber(text) : text;
}

function userKey({ issuer, id }: UserIdentity): string {
  return hash('sha256', `${issuer}\n${id}`, 'base64url').slice(0, 22);
}

function sizeOf(name: string, { points, windowS }: { points: number; windowS: number }): BucketSize {
  return bucketSize(name, points, windowS * 1000);
}

// The key of a bucket contains its size, because the stored content depends on the size. While a changed
// configuration is deployed, two routers may have different sizes.
function bucketOf(owner: string, size: BucketSize): Bucket {
  return { ...size, key: `${owner}:${size.points}/${size.windowMs / 1000}` };
}

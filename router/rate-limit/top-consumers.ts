import type { Payer } from '../request/caller.ts';
import type { Identity } from '../request/identity.ts';
import { callerKey } from './caller-key.ts';
import { addressBlock } from '../request/address-block.ts';

/**
 * A caller and the points that were charged to it. The number of points may be too high, by at most
 * `overcount`.
 */
export type TopConsumer = {
  readonly user?: { readonly issuer: string; readonly id: string; readonly tier?: string };
  /** Address of a caller without a token; for IPv6 its /64. */
  readonly address?: string;
  readonly points: number;
  readonly overcount: number;
  readonly operations: number;
  readonly rejected: number;
};

export type TopConsumersReport = {
  readonly since: string;
  readonly top: readonly TopConsumer[];
};

type Count = {
  points: number;
  overcount: number;
  operations: number;
  rejected: number;
  readonly caller: Payer;
};

const MAX_COUNTED = 512;
const REPORTED = 20;
const WINDOW_MS = 3_600_000;

/**
 * Finds the callers with the highest cost per hour, in bounded memory. If the list is full, a new caller
 * replaces the caller with the fewest points and takes over these points (Space-Saving, Metwally et al.
 * 2005). A caller with a high cost is therefore never missed, however many callers have a low cost.
 */
export class TopConsumers {
  readonly #now: () => number;
  /**
   * Cache of user keys by identity object. Each verified token has one identity object, so a key is created
   * only once per token.
   */
  readonly #userKeys = new WeakMap<Identity, string>();
  #since: number;
  #counts = new Map<string, Count>();
  #before: TopConsumersReport | undefined;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Adds the points of an operation to its caller, and counts the operation. */
  addOperation(caller: Payer, points: number): void {
    const count = this.#countOf(caller);
    count.points += points;
    count.operations += 1;
  }

  /**
   * Adds points to a caller without counting an operation: the points for a document that is not parsed yet,
   * or for a rejected request.
   */
  addCharge(caller: Payer, points: number): void {
    this.#countOf(caller).points += points;
  }

  /** Subtracts refunded points from a caller's sum; adds them if the number is negative. */
  addRefund(caller: Payer, points: number): void {
    const count = this.#counts.get(this.#keyOf(caller));
    if (count !== undefined) count.points = Math.max(count.points - points, 0);
  }

  addRejection(caller: Payer): void {
    this.#countOf(caller).rejected += 1;
  }

  /** Returns the callers with the highest cost in the current and in the previous hour. */
  report(): { readonly current: TopConsumersReport; readonly before: TopConsumersReport | undefined } {
    this.#turn();
    return { current: this.#summary(), before: this.#before };
  }

  #countOf(caller: Payer): Count {
    this.#turn();
    const key = this.#keyOf(caller);
    const known = this.#counts.get(key);
    if (known !== undefined) return known;
    const overcount = this.#counts.size < MAX_COUNTED ? 0 : this.#dropLeast();
    const count = { points: overcount, overcount, operations: 0, rejected: 0, caller };
    this.#counts.set(key, count);
    return count;
  }

  #keyOf(caller: Payer): string {
    const known = this.#userKeys.get(caller.identity);
    if (known !== undefined) return known;
    const key = callerKey(caller);
    // Keys of anonymous callers are not cached by identity: all these callers share one identity object, but
    // their keys contain different addresses.
    if (caller.identity.kind === 'user') this.#userKeys.set(caller.identity, key);
    return key;
  }

  #dropLeast(): number {
    let least: readonly [key: string, points: number] = ['', Infinity];
    for (const [key, { points }] of this.#counts) if (points < least[1]) least = [key, points];
    this.#counts.delete(least[0]);
    return least[1];
  }

  #turn(): void {
    if (this.#now() - this.#since < WINDOW_MS) return;
    this.#before = this.#summary();
    this.#counts = new Map();
    this.#since = this.#now();
  }

  #summary(): TopConsumersReport {
    const top = [...this.#counts.values()]
      .toSorted((a, b) => b.points - a.points || b.rejected - a.rejected)
      .slice(0, REPORTED)
      .map(({ caller, ...counts }) => ({ ...described(caller), ...counts }));
    return { since: new Date(this.#since).toISOString(), top };
  }
}

function described({ identity, address }: Payer): Pick<TopConsumer, 'user' | 'address'> {
  if (identity.kind !== 'user') return { address: addressBlock(address) };
  const { issuer, id, tier } = identity;
  return { user: { issuer, id, ...(tier !== undefined && { tier }) } };
}

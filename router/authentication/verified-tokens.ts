import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';
import type { ClaimCondition, UserIdentity } from '../request/identity.ts';

/** A token whose signature was verified, with the identity of its caller. */
export type VerifiedToken = {
  readonly identity: UserIdentity;
  /**
   * Version of the issuer's keys with which the token was verified; undefined if the keys changed during the
   * verification. After each change of the keys the token is verified again, because the issuer may have
   * withdrawn the key that signed the token.
   */
  readonly keysVersion: number | undefined;
  /**
   * Time in seconds since 1970 after which the cached entry is not used: expiry of the token or end of its
   * maximum age, whichever is earlier, plus the clock tolerance.
   */
  readonly untilS: number;
  /**
   * Conditions on claims that were evaluated for the token. The cached entry is used only while the
   * configuration has the same conditions.
   */
  readonly claimConditions: readonly ClaimCondition[];
};

/**
 * Caches tokens with a valid signature, so that each token is verified once instead of once per request.
 * Entries are stored under digests of their tokens, so that a heap dump contains no usable token.
 */
export class VerifiedTokens {
  readonly #entries: BoundedCache<VerifiedToken>;

  constructor(maxEntries: number) {
    this.#entries = new BoundedCache(maxEntries);
  }

  get(token: string): VerifiedToken | undefined {
    return this.#entries.get(digest(token));
  }

  set(token: string, entry: VerifiedToken): void {
    this.#entries.set(digest(token), entry);
  }
}

function digest(token: string): string {
  return hash('sha256', token, 'base64');
}

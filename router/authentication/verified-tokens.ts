import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';
import type { ClaimCondition, UserIdentity } from '../request/identity.ts';

/** A token whose signature was verified. It may have expired. */
export type SignedToken = {
  readonly issuer: string;
  /**
   * Version of the issuer's keys with which the token was verified; undefined if the keys changed during the
   * verification. After each change of the keys the token is verified again, because the issuer may have
   * withdrawn the key that signed the token.
   */
  readonly keysVersion: number | undefined;
  /**
   * Time in seconds since 1970 from which the token is not accepted: expiry of the token or end of its
   * maximum age, whichever is earlier, plus the clock tolerance.
   */
  readonly untilS: number;
};

/** A token that was accepted, with the identity of its caller. */
export type VerifiedToken = SignedToken & {
  readonly identity: UserIdentity;
  /**
   * Conditions on claims that were evaluated for the token. The cached entry is used only while the
   * configuration has the same conditions.
   */
  readonly claimConditions: readonly ClaimCondition[];
};

/**
 * Caches tokens with a valid signature, accepted or expired, so that each token is verified once instead of
 * once per request. Entries are stored under digests of their tokens, so that a heap dump contains no usable
 * token.
 */
export class VerifiedTokens<Token extends SignedToken> {
  readonly #entries: BoundedCache<Token>;

  constructor(maxEntries: number) {
    this.#entries = new BoundedCache(maxEntries);
  }

  get(token: string): Token | undefined {
    return this.#entries.get(digest(token));
  }

  set(token: string, entry: Token): void {
    this.#entries.set(digest(token), entry);
  }
}

function digest(token: string): string {
  return hash('sha256', token, 'base64');
}

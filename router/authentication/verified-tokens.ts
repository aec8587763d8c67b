import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';
import type { UserIdentity } from '../request/identity.ts';

export type VerifiedToken = {
  readonly identity: UserIdentity;
  /** Version of the keys that verified the token. When a key is withdrawn, its tokens are no longer valid. */
  readonly keysVersion: number | undefined;
  /** Seconds since 1970 until which the result of the time checks cannot change. */
  readonly untilS: number;
};

/**
 * Caches tokens with a valid signature, so that each token is verified once instead of once per request. The
 * keys are digests, so that a heap dump contains no usable token.
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

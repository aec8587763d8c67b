import { hash } from 'node:crypto';
import { BoundedCache } from '../shared/bounded-cache.ts';
import type { UserIdentity } from '../request/identity.ts';

export type VerifiedToken = {
  readonly identity: UserIdentity;
  /** The version of the keys that verified it: a withdrawn key takes its tokens along. */
  readonly keysVersion: number | undefined;
  /** Until when, in seconds since the epoch, no claim about time can have changed its outcome. */
  readonly untilS: number;
};

/**
 * Tokens whose signature was checked, so that it is checked once per token and not once per request.
 * Keyed by digest: a heap dump then holds no usable token.
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

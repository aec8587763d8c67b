import { hash } from 'node:crypto';
import type { UserIdentity } from './identity.ts';

export type VerifiedToken = {
  readonly identity: UserIdentity;
  /** The version of the keys that verified it: a withdrawn key takes its tokens along. */
  readonly keysVersion: number | undefined;
  /** Until when, in seconds since the epoch, no claim about time can have changed its outcome. */
  readonly untilS: number;
};

/**
 * Tokens whose signature was checked, so that it is checked once per token and not once per request.
 * Keyed by digest: a heap dump then holds no usable token. Bounded; the least recently used goes first.
 */
export class VerifiedTokens {
  readonly #entries = new Map<string, VerifiedToken>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(token: string): VerifiedToken | undefined {
    const key = digest(token);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(token: string, entry: VerifiedToken): void {
    if (this.#entries.size >= this.#maxEntries) {
      const [oldest] = this.#entries.keys();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(digest(token), entry);
  }
}

function digest(token: string): string {
  return hash('sha256', token, 'base64');
}

export type Revocation = {
  readonly tokenId: string;
  /** Seconds since the epoch. */
  readonly expiresAtS: number;
  /** The issuer that revoked its token; undefined revokes the id at every issuer. */
  readonly issuer?: string | undefined;
};

const PRUNE_EVERY_S = 60;

/**
 * Ids of revoked tokens, in memory because every request looks one up. A token id is unique within its issuer only.
 * Each entry is kept until its token would have expired, which bounds their number.
 */
export class RevokedTokens {
  readonly #expiries = new Map<string, number>();
  readonly #now: () => number;
  readonly #keepS: number;
  #pruneAtS = 0;

  /** @param keepS added to a token's expiry: a tolerant clock check accepts the token that much longer. */
  constructor(now: () => number, keepS: number) {
    this.#now = now;
    this.#keepS = keepS;
  }

  has({ issuer, tokenId }: { readonly issuer: string; readonly tokenId: string }): boolean {
    return this.#expiries.has(keyOf(issuer, tokenId)) || this.#expiries.has(keyOf(undefined, tokenId));
  }

  add(revocations: readonly Revocation[]): void {
    const nowS = this.#now() / 1000;
    for (const { issuer, tokenId, expiresAtS } of revocations)
      this.#expiries.set(keyOf(issuer, tokenId), expiresAtS + this.#keepS);
    if (nowS >= this.#pruneAtS) this.#prune(nowS);
  }

  #prune(nowS: number): void {
    this.#pruneAtS = nowS + PRUNE_EVERY_S;
    for (const [key, expiresAtS] of this.#expiries) {
      if (expiresAtS < nowS) this.#expiries.delete(key);
    }
  }
}

// An issuer contains no line break, and is never empty.
function keyOf(issuer: string | undefined, tokenId: string): string {
  return `${issuer ?? ''}\n${tokenId}`;
}

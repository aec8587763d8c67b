export type Revocation = { readonly tokenId: string; readonly expiresAtS: number };

const PRUNE_EVERY_S = 60;

/**
 * Ids of tokens taken back before their time, in memory because every request asks.
 * Each is kept until its token would have expired anyway, which bounds their number.
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

  has(tokenId: string): boolean {
    return this.#expiries.has(tokenId);
  }

  add(revocations: readonly Revocation[]): void {
    const nowS = this.#now() / 1000;
    for (const { tokenId, expiresAtS } of revocations) this.#expiries.set(tokenId, expiresAtS + this.#keepS);
    if (nowS >= this.#pruneAtS) this.#prune(nowS);
  }

  #prune(nowS: number): void {
    this.#pruneAtS = nowS + PRUNE_EVERY_S;
    for (const [tokenId, expiresAtS] of this.#expiries) {
      if (expiresAtS < nowS) this.#expiries.delete(tokenId);
    }
  }
}

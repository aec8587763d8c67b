/** A token that its issuer has revoked before its expiry. */
export type Revocation = {
  readonly tokenId: string;
  /** Expiry of the token, in seconds since 1970. */
  readonly expiresAtS: number;
  /** Issuer that revoked the token. If it is undefined, the token id is revoked for every issuer. */
  readonly issuer?: string | undefined;
};

const PRUNE_EVERY_S = 60;

/**
 * Ids of revoked tokens, grouped by issuer, because two issuers may use the same id. They are kept in memory,
 * because every request with a token looks up an id. An id is deleted after its token has expired.
 */
export class RevokedTokens {
  /** Expiries by issuer and token id; with the issuer undefined, the ids are revoked for every issuer. */
  readonly #expiries = new Map<string | undefined, Map<string, number>>();
  readonly #now: () => number;
  readonly #keepS: number;
  #pruneAtS = 0;

  /**
   * @param keepS seconds for which an entry is kept after the token's expiry: the clock tolerance during
   * which expired tokens are accepted
   */
  constructor(now: () => number, keepS: number) {
    this.#now = now;
    this.#keepS = keepS;
  }

  has({ issuer, tokenId }: { readonly issuer: string; readonly tokenId: string }): boolean {
    return (
      this.#expiries.get(issuer)?.has(tokenId) === true ||
      this.#expiries.get(undefined)?.has(tokenId) === true
    );
  }

  add(revocations: readonly Revocation[]): void {
    const nowS = this.#now() / 1000;
    for (const { issuer, tokenId, expiresAtS } of revocations)
      this.#expiriesOf(issuer).set(tokenId, expiresAtS + this.#keepS);
    if (nowS >= this.#pruneAtS) this.#prune(nowS);
  }

  #expiriesOf(issuer: string | undefined): Map<string, number> {
    let expiries = this.#expiries.get(issuer);
    if (expiries === undefined) this.#expiries.set(issuer, (expiries = new Map()));
    return expiries;
  }

  #prune(nowS: number): void {
    this.#pruneAtS = nowS + PRUNE_EVERY_S;
    for (const [issuer, expiries] of this.#expiries) {
      for (const [tokenId, expiresAtS] of expiries) if (expiresAtS < nowS) expiries.delete(tokenId);
      if (expiries.size === 0) this.#expiries.delete(issuer);
    }
  }
}

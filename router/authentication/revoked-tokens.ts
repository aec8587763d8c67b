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
 * Ids of revoked tokens. They are kept in memory, because every request with a token looks up an id. A token
 * id is unique only per issuer. An entry is deleted after its token has expired, which bounds the number of
 * entries.
 */
export class RevokedTokens {
  readonly #expiries = new Map<string, number>();
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

// Returns the key of a token: issuer, line break and token id. An issuer contains no line break, so two
// different pairs never have the same key.
function keyOf(issuer: string | undefined, tokenId: string): string {
  return `${issuer ?? ''}\n${tokenId}`;
}

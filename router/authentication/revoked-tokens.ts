/** A token that its issuer has revoked before its expiry. */
export type Revocation = {
  readonly tokenId: string;
  /** Expiry of the token, in seconds since 1970. */
  readonly expiresAtS: number;
  /** Issuer that revoked the token. If it is undefined, the token id is revoked for every issuer. */
  readonly issuer?: string | undefined;
};

const PRUNE_EVERY_MS = 60_000;
/** Milliseconds after which a wall clock that has jumped forward is trusted. */
const JUMP_TRUSTED_MS = 86_400_000;

type Clocks = {
  /** Wall clock, in milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
};

/**
 * Ids of revoked tokens, grouped by issuer, because two issuers may use the same id. They are kept in memory,
 * because every request with a token looks up an id. An id is deleted after its token has expired.
 */
export class RevokedTokens {
  /** Expiries by issuer and token id; with the issuer undefined, the ids are revoked for every issuer. */
  readonly #expiries = new Map<string | undefined, Map<string, number>>();
  readonly #clocks: Clocks;
  readonly #keepS: number;
  #pruneAtMs = 0;
  /** Wall time at which the monotonic clock was 0, as far as no jump forward has moved the wall clock. */
  #originMs: number;
  #aheadSinceMs: number | undefined;

  /**
   * @param keepS seconds for which an entry is kept after the token's expiry: the clock tolerance during
   * which expired tokens are accepted
   */
  constructor(clocks: Clocks, keepS: number) {
    this.#clocks = clocks;
    this.#keepS = keepS;
    this.#originMs = clocks.now() - clocks.monotonic();
  }

  has({ issuer, tokenId }: { readonly issuer: string; readonly tokenId: string }): boolean {
    return (
      this.#expiries.get(issuer)?.has(tokenId) === true ||
      this.#expiries.get(undefined)?.has(tokenId) === true
    );
  }

  add(revocations: readonly Revocation[]): void {
    for (const { issuer, tokenId, expiresAtS } of revocations)
      this.#expiriesOf(issuer).set(tokenId, expiresAtS + this.#keepS);
    const elapsedMs = this.#clocks.monotonic();
    if (elapsedMs < this.#pruneAtMs) return;
    this.#pruneAtMs = elapsedMs + PRUNE_EVERY_MS;
    this.#prune(this.#earliestNowMs(elapsedMs) / 1000);
  }

  #expiriesOf(issuer: string | undefined): Map<string, number> {
    let expiries = this.#expiries.get(issuer);
    if (expiries === undefined) this.#expiries.set(issuer, (expiries = new Map()));
    return expiries;
  }

  /**
   * Returns the wall time, without a jump forward of the last day: after the clock is set back, tokens are
   * valid again that seemed to have expired.
   */
  #earliestNowMs(elapsedMs: number): number {
    const originMs = this.#clocks.now() - elapsedMs;
    if (originMs > this.#originMs) this.#aheadSinceMs ??= elapsedMs;
    else this.#aheadSinceMs = undefined;
    const isTrusted = this.#aheadSinceMs === undefined || elapsedMs - this.#aheadSinceMs >= JUMP_TRUSTED_MS;
    if (isTrusted) {
      this.#originMs = originMs;
      this.#aheadSinceMs = undefined;
    }
    return this.#originMs + elapsedMs;
  }

  #prune(nowS: number): void {
    for (const [issuer, expiries] of this.#expiries) {
      for (const [tokenId, expiresAtS] of expiries) if (expiresAtS < nowS) expiries.delete(tokenId);
      if (expiries.size === 0) this.#expiries.delete(issuer);
    }
  }
}

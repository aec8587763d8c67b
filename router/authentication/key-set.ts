import { createLocalJWKSet, errors } from 'jose';
import type { CryptoKey, FlattenedJWSInput, JWK, JWSHeaderParameters } from 'jose';
import { messageOf } from '../shared/error-message.ts';
import { RouterError } from '../shared/errors.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { FetchJson } from './fetch-json.ts';

export type KeySetConfig = {
  readonly issuer: string;
  readonly jwksUrl: string;
  readonly refreshMs: number;
  readonly cooldownMs: number;
  readonly staleMs: number;
};

export type KeySetParts = {
  readonly fetchJson: FetchJson;
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  /**
   * Called after each attempt to fetch the keys. `failures` is the number of consecutive failed attempts,
   * including this one; after a success, the number of failures that preceded it.
   */
  readonly onFetched: (event: {
    issuer: string;
    outcome: 'ok' | 'failed';
    failures: number;
    reason?: string;
  }) => void;
};

type Keys = {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly text: string;
  readonly version: number;
  readonly fetchedAt: number;
};

const FIRST_RETRY_MS = 1_000;

/**
 * Caches the public keys of an issuer and uses them while the issuer is down (stale-if-error). Keys are
 * fetched in the background, and additionally for a token with an unknown key, at most once per cooldown.
 * Their age is measured with the monotonic clock, so that setting back the wall clock cannot make old keys
 * fresh.
 */
export class KeySet implements Disposable {
  readonly #config: KeySetConfig;
  readonly #parts: KeySetParts;
  readonly #closed = new AbortController();
  #keys: Keys | undefined;
  #refreshing: Promise<void> | undefined;
  #failures = 0;
  #lastFetchAt = -Infinity;
  #lastUnknownKeyAt = -Infinity;
  #nextFetchAt = 0;
  #timer: Disposable | undefined;

  constructor(config: KeySetConfig, parts: KeySetParts) {
    this.#config = config;
    this.#parts = parts;
    void this.#refresh();
  }

  /**
   * Returns the version of the keys, a number that grows with each change. Undefined while there are no keys,
   * or the keys are too old to be used.
   */
  version(): number | undefined {
    return this.#usable()?.version;
  }

  /** Waits for the keys if there are none yet. Returns their version. */
  async loaded(): Promise<number | undefined> {
    if (this.#usable() === undefined) await this.#refreshing;
    return this.version();
  }

  /**
   * Finds the key with which `jwtVerify` of jose verifies a token. If none matches, fetches the keys again.
   * @throws {RouterError} KEYS_UNAVAILABLE if there are no usable keys, or if no key matches while the issuer
   * is failing
   * @throws an error of jose if no key matches while the issuer responds, or if several keys match
   */
  readonly find = async (header?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<CryptoKey> => {
    await this.loaded();
    const keys = this.#usable();
    if (keys === undefined) throw this.#unavailable();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return await this.#findAfterRefresh(header, token);
    }
  };

  [Symbol.dispose](): void {
    this.#closed.abort();
    this.#timer?.[Symbol.dispose]();
  }

  /**
   * Fetches the keys again after a token could not be verified with the keys of version `tried`. Returns true
   * if the keys have changed, so that the caller can verify the token again.
   * @throws {RouterError} KEYS_UNAVAILABLE if there are no usable keys, or if the issuer is failing and the
   * token has no key id: the token may be signed with a new key that the router could not fetch
   */
  async changedSince(
    tried: number | undefined,
    { namesKey }: { readonly namesKey: boolean },
  ): Promise<boolean> {
    await this.#refreshForUnknownKey();
    const version = this.version();
    if (version === undefined) throw this.#unavailable();
    if (version !== tried) return true;
    if (!namesKey && this.#failures > 0) throw this.#unavailable();
    return false;
  }

  async #findAfterRefresh(header?: JWSHeaderParameters, token?: FlattenedJWSInput): Promise<CryptoKey> {
    await this.#refreshForUnknownKey();
    const keys = this.#usable();
    if (keys === undefined) throw this.#unavailable();
    try {
      return await keys.find(header, token);
    } catch (error) {
      // If the issuer is failing, it may have published a new key that the router could not fetch. The token
      // can then be neither accepted nor rejected, so the error is KEYS_UNAVAILABLE.
      if (error instanceof errors.JWKSNoMatchingKey && this.#failures > 0) throw this.#unavailable();
      throw error;
    }
  }

  async #refreshForUnknownKey(): Promise<void> {
    if (this.#mayFetchForUnknownKey()) {
      this.#lastUnknownKeyAt = this.#parts.monotonic();
      void this.#refresh();
    }
    await this.#refreshing;
  }

  #mayFetchForUnknownKey(): boolean {
    const now = this.#parts.monotonic();
    // Tokens with unknown keys cause at most one fetch per cooldown. A periodic fetch starts a cooldown only
    // if it fails. If a successful fetch also started a cooldown, the first token with a new key could be
    // rejected until the cooldown ends.
    const since = this.#failures > 0 ? this.#lastFetchAt : this.#lastUnknownKeyAt;
    return this.#refreshing === undefined && now - since >= this.#config.cooldownMs;
  }

  #usable(): Keys | undefined {
    if (this.#keys === undefined) return undefined;
    return this.#parts.monotonic() - this.#keys.fetchedAt <= this.#config.staleMs ? this.#keys : undefined;
  }

  #unavailable(): RouterError {
    const waitMs = Math.max(this.#nextFetchAt - this.#parts.monotonic(), 0);
    return new RouterError('KEYS_UNAVAILABLE', undefined, {
      retryAfterS: Math.max(1, Math.ceil(waitMs / 1000)),
    });
  }

  #refresh(): Promise<void> {
    this.#refreshing ??= this.#fetch().finally(() => {
      this.#refreshing = undefined;
      this.#scheduleNext();
    });
    return this.#refreshing;
  }

  async #fetch(): Promise<void> {
    const { issuer, jwksUrl } = this.#config;
    this.#lastFetchAt = this.#parts.monotonic();
    try {
      this.#accept(publicKeys(await this.#parts.fetchJson(jwksUrl, this.#closed.signal)));
      const failures = this.#failures;
      this.#failures = 0;
      this.#parts.onFetched({ issuer, outcome: 'ok', failures });
    } catch (error) {
      this.#failures++;
      if (this.#closed.signal.aborted) return;
      const reason = messageOf(error);
      this.#parts.onFetched({ issuer, outcome: 'failed', failures: this.#failures, reason });
    }
  }

  #accept(keys: readonly JWK[]): void {
    const text = JSON.stringify(keys);
    const fetchedAt = this.#parts.monotonic();
    this.#keys =
      this.#keys?.text === text
        ? { ...this.#keys, fetchedAt }
        : {
            find: createLocalJWKSet({ keys: [...keys] }),
            text,
            version: (this.#keys?.version ?? 0) + 1,
            fetchedAt,
          };
  }

  #scheduleNext(): void {
    if (this.#closed.signal.aborted) return;
    const delayMs = this.#delayMs();
    this.#nextFetchAt = this.#parts.monotonic() + delayMs;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.schedule(() => void this.#refresh(), delayMs);
  }

  #delayMs(): number {
    const { refreshMs, cooldownMs } = this.#config;
    if (this.#failures === 0) return refreshMs;
    if (this.#usable() !== undefined) return Math.min(cooldownMs, refreshMs);
    return Math.min(
      FIRST_RETRY_MS * 2 ** Math.min(this.#failures - 1, 20),
      Math.max(cooldownMs, FIRST_RETRY_MS),
    );
  }
}

const KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC', 'OKP']);

/**
 * Returns the usable keys of a JSON Web Key Set. Throws if there are none, so that an invalid response never
 * replaces valid keys.
 */
function publicKeys(body: unknown): readonly JWK[] {
  const listed: unknown = typeof body === 'object' && body !== null && 'keys' in body ? body.keys : undefined;
  const keys = Array.isArray(listed) ? listed.filter(isPublicKey) : [];
  if (keys.length === 0) throw new Error('the response has no usable public key');
  return keys;
}

// Returns whether a published key may verify tokens. With a published symmetric key every reader could sign
// tokens, and a published private key has leaked.
function isPublicKey(value: unknown): value is JWK {
  if (typeof value !== 'object' || value === null) return false;
  return 'kty' in value && KEY_TYPES.has(value.kty) && !('d' in value) && !('k' in value);
}

import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { RedisLink } from '../redis/connect.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { checkForm, readBearer } from './bearer.ts';
import { createFetchJson } from './fetch-json.ts';
import type { Fetch, FetchJson } from './fetch-json.ts';
import { ANONYMOUS } from '../request/identity.ts';
import type { ClaimCondition, Identity, UserIdentity } from '../request/identity.ts';
import { KeySet } from './key-set.ts';
import { createRejectedTokens } from './rejected-tokens.ts';
import { watchRevocations } from './revocations.ts';
import type { RevocationParts } from './revocations.ts';
import { verifyToken } from './token-verifier.ts';
import type { TrustedIssuer } from './token-verifier.ts';
import { VerifiedTokens } from './verified-tokens.ts';
import type { SignedToken, VerifiedToken } from './verified-tokens.ts';

/** Identifies callers by their bearer tokens. */
export type Authenticator = Disposable & {
  /**
   * Identifies the caller of a request. Returns a promise only if the token must be verified or the request
   * is rejected, so that most requests do not wait. The function never throws: errors reject the promise.
   * @param authorizationHeaders every Authorization header of the request, unchanged
   * @param address the client's address (or its /64), for which invalid tokens are counted
   * @throws {RouterError} TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, KEYS_UNAVAILABLE, RATE_LIMITED
   */
  authenticate(authorizationHeaders: readonly string[], address: string): Identity | Promise<Identity>;
  /**
   * Returns true after the signing keys of at least one issuer were fetched, and at least one attempt was
   * made to read each source of revoked tokens.
   */
  ready(): boolean;
};

export type AuthenticatorParts = {
  readonly now: () => number;
  /**
   * Returns the conditions on token claims that the configuration uses for labels of progressive `@override`
   * and to select a caller's graph. They are evaluated once per token, when it is verified.
   */
  readonly claimConditions?: () => readonly ClaimCondition[];
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  readonly fetch: Fetch;
  /**
   * Redis stream to which issuers write revocations; if it is undefined, the lists of the issuers are polled.
   */
  readonly revocationStream: RevocationParts['stream'];
  /** Redis in which all routers count invalid tokens; if it is undefined, each router counts its own. */
  readonly redis?: RedisLink | undefined;
  readonly telemetry: Pick<Telemetry, 'keysFetched' | 'authenticationRejected' | 'revocationsChanged'>;
};

const NO_CONDITIONS: readonly ClaimCondition[] = [];

const MAX_VERIFIED_TOKENS = 20_000;

const MAX_EXPIRED_TOKENS = 20_000;

/**
 * Creates the authenticator, which derives an `Identity` from the Authorization header. Without configured
 * issuers every caller is anonymous.
 */
export function createAuthenticator(
  config: Config['authentication'],
  parts: AuthenticatorParts,
): Authenticator {
  const fetchJson = createFetchJson({ fetch: parts.fetch, timeoutMs: config.keysTimeoutMs });
  const issuers = trustIssuers(config, { ...parts, fetchJson });
  const revocations = watchRevocations(config, { ...parts, fetchJson, stream: parts.revocationStream });
  const claimConditions = parts.claimConditions ?? (() => NO_CONDITIONS);
  const verified = new VerifiedTokens<VerifiedToken>(MAX_VERIFIED_TOKENS);
  // Expired tokens do not count as invalid, because many clients behind one address may send some. They are
  // cached, so that sending one again and again does not make the router verify its signature each time.
  const expired = new VerifiedTokens<SignedToken>(MAX_EXPIRED_TOKENS);
  const rejected = createRejectedTokens(config.rejectedTokensPerMinute, parts.redis);

  function identify(headers: readonly string[], address: string): Identity | Promise<Identity> {
    const token = readBearer(headers, config.maxTokenBytes);
    if (token === undefined) return ANONYMOUS;
    const identity = known(token);
    return identity === undefined ? verifyOnce(token, address) : notRevoked(identity);
  }

  function notRevoked(identity: UserIdentity): UserIdentity {
    if (revocations.has(identity)) throw new RouterError('TOKEN_REVOKED');
    return identity;
  }

  function known(token: string): UserIdentity | undefined {
    const entry = verified.get(token);
    if (entry === undefined || !isCurrent(entry) || parts.now() / 1000 >= entry.untilS) return undefined;
    return entry.claimConditions === claimConditions() ? entry.identity : undefined;
  }

  function isCurrent({ issuer, keysVersion }: SignedToken): boolean {
    return keysVersion !== undefined && issuers.get(issuer)?.keys.version() === keysVersion;
  }

  /**
   * Returns whether a token is known to be signed and expired. Compares whole seconds, as jose does; if the
   * clock was set back, the token may be valid again.
   */
  function isExpired(token: string): boolean {
    const entry = verified.get(token) ?? expired.get(token);
    return entry !== undefined && isCurrent(entry) && Math.floor(parts.now() / 1000) > entry.untilS;
  }

  async function verifyOnce(token: string, address: string): Promise<UserIdentity> {
    checkForm(token);
    if (isExpired(token)) throw new RouterError('TOKEN_EXPIRED');
    await rejected.check(address);
    const rules = { ...config, now: parts.now, claimConditions: claimConditions() };
    const verification = await verifyToken(token, issuers, rules);
    if (verification.kind === 'expired') {
      expired.set(token, verification.token);
      throw verification.error;
    }
    verified.set(token, verification.token);
    return notRevoked(verification.token.identity);
  }

  async function reject(error: unknown, address: string): Promise<never> {
    if (error instanceof RouterError) {
      parts.telemetry.authenticationRejected(error.code);
      if (error.code === 'TOKEN_INVALID') await rejected.count(address);
    }
    throw error;
  }

  const hasKeys = () => [...issuers.values()].some(({ keys }) => keys.version() !== undefined);

  return {
    authenticate(headers, address) {
      if (issuers.size === 0) return ANONYMOUS;
      try {
        const identity = identify(headers, address);
        return identity instanceof Promise
          ? identity.catch((error: unknown) => reject(error, address))
          : identity;
      } catch (error) {
        return reject(error, address);
      }
    },
    ready: () => issuers.size === 0 || (hasKeys() && revocations.tried()),
    [Symbol.dispose]() {
      revocations[Symbol.dispose]();
      for (const { keys } of issuers.values()) keys[Symbol.dispose]();
    },
  };
}

function trustIssuers(
  config: Config['authentication'],
  parts: AuthenticatorParts & { readonly fetchJson: FetchJson },
): ReadonlyMap<string, TrustedIssuer> {
  const { fetchJson, monotonic, schedule } = parts;
  const ages = {
    refreshMs: config.keysRefreshMs,
    cooldownMs: config.keysCooldownMs,
    staleMs: config.keysStaleS * 1000,
  };
  const onFetched = parts.telemetry.keysFetched;
  return new Map(
    config.issuers.map((issuer) => {
      const keys = new KeySet({ ...issuer, ...ages }, { fetchJson, monotonic, schedule, onFetched });
      return [issuer.issuer, { config: issuer, keys }];
    }),
  );
}

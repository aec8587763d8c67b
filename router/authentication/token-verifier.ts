import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyOptions } from 'jose';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import { readIdentity } from '../request/identity.ts';
import type { ClaimCondition } from '../request/identity.ts';
import type { KeySet } from './key-set.ts';
import type { SignedToken, VerifiedToken } from './verified-tokens.ts';

/** An issuer from the configuration, with its public keys. */
export type TrustedIssuer = {
  readonly config: Config['authentication']['issuers'][number];
  readonly keys: KeySet;
};

/**
 * Maximum number of keys that are tried for a token without a key id (`kid`, optional by RFC 7515 section
 * 4.1.4), which bounds the work per token.
 */
const MAX_CANDIDATE_KEYS = 8;

type TokenRules = Pick<Config['authentication'], 'clockToleranceS' | 'maxTokenAgeS'> & {
  readonly now: () => number;
  /**
   * Conditions such as "the claim `partner.level` is `gold`", which are evaluated when a token is verified.
   */
  readonly claimConditions: readonly ClaimCondition[];
};

/** A token that was accepted, or one that has expired and is acceptable in all that is checked before. */
export type Verification =
  | { readonly kind: 'accepted'; readonly token: VerifiedToken }
  | { readonly kind: 'expired'; readonly token: SignedToken; readonly error: RouterError };

/**
 * Checks signature, issuer, audience, type and times of a token (RFC 7519, RFC 9068).
 * @throws {RouterError} TOKEN_INVALID, or KEYS_UNAVAILABLE if the required keys are missing
 */
export async function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
  rules: TokenRules,
): Promise<Verification> {
  const issuer = issuers.get(namedIssuer(token));
  if (issuer === undefined) throw new RouterError('TOKEN_INVALID', 'the issuer of the token is not trusted');
  const versionBefore = await issuer.keys.loaded();
  const verified = await verify(token, issuer, rules);
  // If the keys changed during the verification, the issuer may have withdrawn the key that signed the token.
  // The result is then valid for this request only: `keysVersion` is undefined.
  const version = issuer.keys.version();
  const keysVersion = version === versionBefore ? version : undefined;
  const untilS = endOf(verified.payload, rules);
  const signed = { issuer: issuer.config.issuer, keysVersion, untilS };
  if (verified.expired !== undefined) return { kind: 'expired', token: signed, error: verified.expired };
  const { claimConditions } = rules;
  const identity = readIdentity(verified.payload, issuer.config, claimConditions);
  return { kind: 'accepted', token: { ...signed, identity, claimConditions } };
}

function endOf({ exp = 0, iat = 0 }: JWTPayload, rules: TokenRules): number {
  return Math.min(exp, iat + rules.maxTokenAgeS) + rules.clockToleranceS;
}

// Finds the issuer that the token names. This name is read before the signature is verified, so it is used
// only to select the keys; the verification checks it again.
function namedIssuer(token: string): string {
  try {
    return decodeJwt(token).iss ?? '';
  } catch (cause) {
    throw new RouterError('TOKEN_INVALID', undefined, { cause });
  }
}

async function verify(
  token: string,
  { config, keys }: TrustedIssuer,
  rules: TokenRules,
): Promise<{ readonly payload: JWTPayload; readonly expired?: RouterError }> {
  try {
    const payload = await verifyWithCurrentKeys(token, keys, {
      algorithms: [...config.algorithms],
      issuer: config.issuer,
      audience: config.audience,
      typ: config.type,
      // jose checks `exp` and `iat` only if the token contains them, so a token without them must be
      // rejected.
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      maxTokenAge: rules.maxTokenAgeS,
      clockTolerance: rules.clockToleranceS,
      currentDate: new Date(rules.now()),
    });
    return { payload };
  } catch (error) {
    // jose checks the times last, so the signature of an expired token is valid.
    if (error instanceof errors.JWTExpired) {
      const expired = new RouterError('TOKEN_EXPIRED', undefined, { cause: error });
      return { payload: error.payload, expired };
    }
    throw rejectionOf(error);
  }
}

// Verifies a token. If the signature does not match, fetches the keys and verifies once more. An issuer may
// replace a key without changing its `kid`, or use no `kid`, so only a failed verification can show that the
// cached key is outdated.
async function verifyWithCurrentKeys(
  token: string,
  keys: KeySet,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  const version = keys.version();
  try {
    return await verifyWithMatchingKey(token, keys, options);
  } catch (error) {
    if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    const namesKey = decodeProtectedHeader(token).kid !== undefined;
    if (!(await keys.changedSince(version, { namesKey }))) throw error;
    return await verifyWithMatchingKey(token, keys, options);
  }
}

async function verifyWithMatchingKey(
  token: string,
  keys: KeySet,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys.find, options);
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    return await verifyWithAnyOf(error, token, options);
  }
}

async function verifyWithAnyOf(
  candidates: AsyncIterable<CryptoKey>,
  token: string,
  options: JWTVerifyOptions,
): Promise<JWTPayload> {
  let tried = 0;
  for await (const key of candidates) {
    try {
      const { payload } = await jwtVerify(token, key, options);
      return payload;
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
    tried += 1;
    if (tried === MAX_CANDIDATE_KEYS) break;
  }
  throw new errors.JWSSignatureVerificationFailed();
}

function rejectionOf(error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new RouterError('TOKEN_INVALID', `the claim ${error.claim} of the token is not accepted`, {
      cause: error,
    });
  }
  // All other errors of jose are caused by the token too. They become TOKEN_INVALID, because any client could
  // otherwise provoke responses with status 500.
  return new RouterError('TOKEN_INVALID', undefined, { cause: error });
}

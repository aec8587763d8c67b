import { decodeJwt, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../errors.ts';
import { readIdentity } from './identity.ts';
import type { KeySet } from './key-set.ts';
import type { VerifiedToken } from './verified-tokens.ts';

export type TrustedIssuer = {
  readonly config: Config['authentication']['issuers'][number];
  readonly keys: KeySet;
};

type TokenRules = Pick<Config['authentication'], 'clockToleranceS' | 'maxTokenAgeS'> & {
  readonly now: () => number;
};

/**
 * Checks signature, issuer, audience, type and times of a token (RFC 7519, RFC 9068).
 * @throws {RouterError} TOKEN_EXPIRED, TOKEN_INVALID, or KEYS_UNAVAILABLE when it can be neither accepted nor refused.
 */
export async function verifyToken(
  token: string,
  issuers: ReadonlyMap<string, TrustedIssuer>,
  rules: TokenRules,
): Promise<VerifiedToken> {
  const issuer = issuers.get(namedIssuer(token));
  if (issuer === undefined) throw new RouterError('TOKEN_INVALID', 'the issuer of the token is not trusted');
  const payload = await verify(token, issuer, rules);
  const identity = readIdentity(payload, issuer.config);
  const issuedAtS = payload.iat ?? 0;
  const untilS = Math.min(identity.expiresAtS, issuedAtS + rules.maxTokenAgeS) + rules.clockToleranceS;
  return { identity, keysVersion: issuer.keys.version(), untilS };
}

// Read before the signature is checked, only to pick whose keys and rules must hold; `verify` then checks it again.
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
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, keys.find, {
      algorithms: [...config.algorithms],
      issuer: config.issuer,
      audience: config.audience,
      typ: config.type,
      // jose checks a time claim only where it is present.
      requiredClaims: ['exp', 'iat', 'sub', 'jti'],
      maxTokenAge: rules.maxTokenAgeS,
      clockTolerance: rules.clockToleranceS,
      currentDate: new Date(rules.now()),
    });
    return payload;
  } catch (error) {
    throw refusal(error);
  }
}

function refusal(error: unknown): RouterError {
  if (error instanceof RouterError) return error;
  if (error instanceof errors.JWTExpired)
    return new RouterError('TOKEN_EXPIRED', undefined, { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new RouterError('TOKEN_INVALID', `the token's ${error.claim} is not accepted`, { cause: error });
  }
  // Whatever else a token provokes in the verifier is the token's fault: never a 500 that a client can cause.
  return new RouterError('TOKEN_INVALID', undefined, { cause: error });
}

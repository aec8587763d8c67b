import { decodeJwt, decodeProtectedHeader, errors } from 'jose';
import type { Config } from '../config/config-schema.ts';
import type { AuditedCaller } from '../telemetry/log/audit-log.ts';

/** Error code of a rejected request, and the error that caused the rejection. */
type Rejection = { readonly code: string; readonly cause?: unknown };

type AuthenticationConfig = Pick<Config['authentication'], 'issuers' | 'maxTokenBytes'>;

/**
 * Returns the identity that the rejected token of a request claims, for the audit log; undefined if the
 * request has no readable token.
 */
export function claimedCaller(
  authorizationHeaders: readonly string[],
  rejection: Rejection,
  { issuers, maxTokenBytes }: AuthenticationConfig,
): AuditedCaller | undefined {
  const token = authorizationHeaders[0]?.trim().split(/\s+/, 2).at(-1);
  if (token === undefined || token.length > maxTokenBytes) return undefined;
  try {
    const { kid } = decodeProtectedHeader(token);
    const { sub, iss, jti, ...claims } = decodeJwt(token);
    const tenant = issuers.find(({ issuer }) => issuer === iss)?.claims.tenant;
    return {
      verified: issuers.length > 0 && isSignatureVerified(rejection),
      userId: textOf(sub),
      userIssuer: textOf(iss),
      tenant:
        tenant === undefined ? undefined : textOf(Object.hasOwn(claims, tenant) ? claims[tenant] : undefined),
      jti: textOf(jti),
      kid: textOf(kid),
    };
  } catch {
    return undefined;
  }
}

/**
 * Returns whether the signature of a rejected token is known to be valid. Expiry, revocation, roles and
 * values of claims are checked after the signature, so a rejection because of these implies a valid
 * signature.
 */
function isSignatureVerified({ code, cause }: Rejection): boolean {
  return (
    code === 'TOKEN_REVOKED' ||
    code === 'TOKEN_EXPIRED' ||
    code === 'FORBIDDEN' ||
    cause instanceof errors.JWTClaimValidationFailed
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

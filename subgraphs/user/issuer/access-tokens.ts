import { SignJWT } from 'jose';
import { randomUUID } from 'node:crypto';
import type { User } from '../data.ts';
import type { SigningKey } from './signing-keys.ts';

export type AccessToken = { readonly token: string; readonly jti: string; readonly expiresAt: Date };

const accessTokenSeconds = 15 * 60;
// Verifiers accept a token for up to this time after its expiry, because their clocks may be slow: the
// maximum of the router's `authentication.clockToleranceS`.
const toleranceSeconds = 300;
const audience = 'tributary';

// Scopes of each role, for services that check scopes instead of roles.
const scopesByRole: Readonly<Record<string, readonly string[]>> = {
  customer: ['profile', 'orders'],
  admin: ['profile', 'orders', 'users', 'catalog', 'shipping', 'inventory'],
  catalog: ['profile', 'catalog'],
  shipping: ['profile', 'shipping'],
  inventory: ['profile', 'inventory'],
  support: ['profile', 'users:read'],
};

/** Signs a JWT access token (RFC 9068). */
export async function issueAccessToken(
  user: User,
  key: SigningKey,
  { issuer, now }: { readonly issuer: string; readonly now: Date },
): Promise<AccessToken> {
  const jti = randomUUID();
  const issuedAt = Math.floor(now.getTime() / 1000);
  const expiresAt = issuedAt + accessTokenSeconds;
  const { email, roles, tier, tenant_id: tid } = user;
  const token = await new SignJWT({ email, roles, tier, tid, scope: scopeOf(roles) })
    .setProtectedHeader({ alg: 'RS256', kid: key.kid, typ: 'at+jwt' })
    .setIssuer(issuer)
    .setAudience(audience)
    .setSubject(user.id)
    .setJti(jti)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expiresAt)
    .sign(key.privateKey);
  return { token, jti, expiresAt: new Date(expiresAt * 1000) };
}

/** Tokens that expired before this time are rejected by every verifier. */
export function acceptedIfExpiredAfter(now: Date): Date {
  return new Date(now.getTime() - toleranceSeconds * 1000);
}

/** Tokens that were issued before this time are rejected by every verifier. */
export function acceptedIfIssuedAfter(now: Date): Date {
  return new Date(now.getTime() - (accessTokenSeconds + toleranceSeconds) * 1000);
}

function scopeOf(roles: readonly string[]): string {
  return [...new Set(roles.flatMap((role) => scopesByRole[role] ?? []))].join(' ');
}

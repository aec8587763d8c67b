import { IdentityHeaders, NO_IDENTITY } from '../request/call-headers.ts';
import type { Identity } from '../request/identity.ts';

// Headers by identity. All requests with one verified token share one identity object, so the headers are
// created once per token, and are freed together with the identity.
const known = new WeakMap<Identity, IdentityHeaders>();

/** Returns the headers that identify the caller to a subgraph; for one identity always the same object. */
export function identityHeadersOf(identity: Identity): IdentityHeaders {
  if (identity.kind === 'anonymous') return NO_IDENTITY;
  let headers = known.get(identity);
  if (headers === undefined) known.set(identity, (headers = new IdentityHeaders(identityHeaders(identity))));
  return headers;
}

/**
 * Returns the headers that identify the caller to a subgraph. They replace headers of the same names from the
 * client. A user id is unique only per issuer, so the issuer is sent too, and both are part of the
 * deduplication scope.
 */
export function identityHeaders(identity: Identity): Record<string, string> {
  if (identity.kind === 'anonymous') return {};
  const headers: Record<string, string> = { 'x-user-id': identity.id, 'x-user-issuer': identity.issuer };
  if (identity.email !== undefined) headers['x-user-email'] = identity.email;
  if (identity.roles.length > 0) headers['x-user-roles'] = identity.roles.join(',');
  if (identity.tier !== undefined) headers['x-user-tier'] = identity.tier;
  if (identity.tenant !== undefined) headers['x-tenant-id'] = identity.tenant;
  return headers;
}

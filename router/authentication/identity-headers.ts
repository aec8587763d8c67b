import { IdentityHeaders, NO_IDENTITY } from '../request/call-headers.ts';
import type { Identity } from '../request/identity.ts';

// A verified token has one identity object for all of its requests. The headers are dropped together with it.
const known = new WeakMap<Identity, IdentityHeaders>();

/** Returns the headers that identify the caller to a subgraph, always the same object for one identity. */
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

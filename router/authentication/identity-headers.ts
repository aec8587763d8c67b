import { IdentityHeaders, NO_IDENTITY } from '../request/call-headers.ts';
import type { Identity } from '../request/identity.ts';

// Headers by identity. All requests with one verified token share an identity object, so the headers are
// created once per token, and are freed together with that object.
const known = new WeakMap<Identity, IdentityHeaders>();

/**
 * Returns the headers that identify the caller to a subgraph. The same identity object always gets the same
 * headers object.
 */
export function identityHeadersOf(identity: Identity): IdentityHeaders {
  if (identity.kind === 'anonymous') return NO_IDENTITY;
  let headers = known.get(identity);
  if (headers === undefined) known.set(identity, (headers = new IdentityHeaders(identityHeaders(identity))));
  return headers;
}

/**
 * Returns the headers that identify the caller to a subgraph. A client cannot set headers of these names,
 * because they are not forwarded. The issuer is included, because a user id is unique only within an issuer.
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

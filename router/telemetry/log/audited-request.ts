import type { ClientRequest } from '../../request/client-request.ts';
import type { Identity } from '../../request/identity.ts';
import { httpEntryOf } from './request-entry.ts';
import type { AuditEvent, AuditedCaller } from './audit-log.ts';

/** Returns the fields that identify a rejected request in its audit line, such as its id and its client. */
export function auditedRequest({
  id,
  address,
  graph,
  recorder: { facts },
}: ClientRequest): Omit<AuditEvent, 'msg' | 'code' | 'reason'> {
  return {
    requestId: id,
    ...httpEntryOf(facts),
    clientIp: address,
    graph,
    operationName: facts.operationName,
  };
}

/**
 * Returns the fields of an audit line that identify a caller with a verified token; undefined for an
 * anonymous caller.
 */
export function auditedCaller(identity: Identity): AuditedCaller | undefined {
  if (identity.kind !== 'user') return undefined;
  const { id: userId, issuer: userIssuer, tenant, tokenId: jti } = identity;
  return { verified: true, userId, userIssuer, tenant, jti };
}

/**
 * Returns the key by which audit lines of a caller are counted and limited; undefined for an anonymous
 * caller, which is limited by its address.
 */
export function auditKeyOf(identity: Identity): string | undefined {
  return identity.kind === 'user' ? `${identity.issuer}\n${identity.id}` : undefined;
}

import type { IncomingMessage } from 'node:http';
import { isLoopback } from '../../admin/admin-guard.ts';
import type { CheckOperator } from '../../admin/admin-server.ts';
import type { Config } from '../../config/config-schema.ts';
import type { QueryProcesses } from '../process-queries.ts';

/**
 * Creates the check whether a request to the admin port comes from an operator. The token of the request must
 * have the role that `requiredRole` returns. If no role is required, every caller is accepted, and appears as
 * `admin port` in the audit log.
 */
export function createOperatorCheck(
  config: Pick<Config, 'console' | 'admin'>,
  processes: QueryProcesses,
): CheckOperator {
  const role = requiredRole(config);
  return async (request) => {
    if (role === undefined) return { kind: 'accepted', user: 'admin port' };
    const address = request.socket.remoteAddress ?? 'unknown';
    const token = operatorToken(request, { acceptsAuthorization: true });
    return (await processes.one('operator', { token, address, role })) ?? NO_PROCESS;
  };
}

/** Returns the role that the token of an operator must have; undefined if operators need no token. */
export function requiredRole({
  console: { role },
  admin,
}: Pick<Config, 'console' | 'admin'>): string | undefined {
  if (role === false) return undefined;
  return role ?? (isLoopback(admin.host) ? undefined : 'admin');
}

/**
 * Returns the operator's token; empty if the request has none. The header `tributary-console-token` has the
 * token without `Bearer`. If this header is missing, the token is read from `authorization`, unless
 * `authorization` belongs to a forwarded operation.
 */
export function operatorToken(
  { headers }: IncomingMessage,
  { acceptsAuthorization }: { readonly acceptsAuthorization: boolean },
): string {
  const own = headers['tributary-console-token'];
  if (typeof own === 'string') return own;
  if (!acceptsAuthorization) return '';
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '';
}

/** Rejection of an operator's request if the token cannot be checked, because no router process responds. */
export const NO_PROCESS = {
  kind: 'rejected',
  status: 503,
  code: 'NOT_READY',
  message: 'no process of the router responds',
  headers: {},
} as const;

import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';

/** Content types that a browser sends across origins without asking first (Fetch standard, CORS-safelisted). */
const SIMPLE_TYPES = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);

/**
 * Refuses what a foreign page could send without a preflight.
 * @throws {RouterError} CSRF_PREVENTED
 */
export function checkCsrf({ method, headers }: IncomingMessage, config: Config['csrf']): void {
  // What nearly all send, of whatever method.
  if (!config.enabled || headers['content-type'] === 'application/json') return;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (provesPreflight(type, method)) return;
  if (config.requiredHeaders.some((name) => Boolean(headers[name.toLowerCase()]))) return;
  throw new RouterError(
    'CSRF_PREVENTED',
    `send content-type application/json or one of the headers ${config.requiredHeaders.join(', ')}`,
  );
}

/**
 * A GET has no body whose type would be checked later, and browsers have let other types than the safelisted ones pass without
 * asking (GHSA-9q82-xgwf-vj6h: `message/*`): there only JSON counts.
 */
function provesPreflight(type: string, method: string | undefined): boolean {
  if (method === 'GET' || method === 'HEAD') return type === 'application/json';
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) && !SIMPLE_TYPES.has(type);
}

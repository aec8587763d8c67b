import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';

/** Content types that browsers send across origins without a preflight (Fetch standard, CORS-safelisted). */
const SIMPLE_TYPES = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);

/**
 * Rejects requests that a page of another origin could send without a preflight.
 * @throws {RouterError} CSRF_PREVENTED
 */
export function checkCsrf({ method, headers }: IncomingMessage, config: Config['csrf']): void {
  // Fast path for `application/json`, the content type of nearly all requests. Browsers never send it across
  // origins without a preflight.
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
 * Returns whether a browser sends a request with this content type across origins only after a preflight. For
 * GET and HEAD only `application/json` is certain: browsers have sent other types without a preflight
 * (GHSA-9q82-xgwf-vj6h). A POST with another type is rejected later.
 */
function provesPreflight(type: string, method: string | undefined): boolean {
  if (method === 'GET' || method === 'HEAD') return type === 'application/json';
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) && !SIMPLE_TYPES.has(type);
}

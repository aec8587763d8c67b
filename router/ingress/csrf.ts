import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../errors.ts';

/** Content types that a browser sends across origins without asking first (Fetch standard, CORS-safelisted). */
const SIMPLE_TYPES = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);

/**
 * Refuses what a foreign page could send without a preflight.
 * @throws {RouterError} CSRF_PREVENTED
 */
export function checkCsrf({ headers }: IncomingMessage, config: Config['csrf']): void {
  if (!config.enabled) return;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) && !SIMPLE_TYPES.has(type)) return;
  if (config.requiredHeaders.some((name) => Boolean(headers[name.toLowerCase()]))) return;
  throw new RouterError(
    'CSRF_PREVENTED',
    `send content-type application/json or one of the headers ${config.requiredHeaders.join(', ')}`,
  );
}

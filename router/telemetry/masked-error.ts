import { randomUUID } from 'node:crypto';
import type { Telemetry } from './telemetry.ts';

/** Logs an error that is masked for the client, and returns its id for `extensions.id`. */
export function logMasked(
  log: Telemetry['log'],
  error: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const errorId = randomUUID();
  log.error({ errorId, ...fields, err: error }, 'error masked');
  return errorId;
}

import { randomUUID } from 'node:crypto';
import type { Telemetry } from './telemetry.ts';

/** Logs what a client is not told, and returns the id under which the answer names it: `extensions.id`. */
export function logMasked(
  log: Telemetry['log'],
  error: unknown,
  fields: Readonly<Record<string, unknown>> = {},
): string {
  const errorId = randomUUID();
  log.error({ errorId, ...fields, err: error }, 'an error was masked');
  return errorId;
}

import { randomUUID } from 'node:crypto';

/** Returns the request id that the client has sent in a header if it is valid, otherwise a new one. */
export function requestId(given: string | string[] | undefined): string {
  return saneId(given) ?? randomUUID();
}

/**
 * Returns the id that a client has sent; undefined if it is too long, or has characters that could forge a
 * log line.
 */
export function saneId(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.:/+=-]{1,128}$/.test(value) ? value : undefined;
}

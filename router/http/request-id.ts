import { randomUUID } from 'node:crypto';

/** The id a client has given to its request, if it is a sane one, or else a new one. */
export function requestId(given: string | string[] | undefined): string {
  return saneId(given) ?? randomUUID();
}

export function saneId(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\w.:/+=-]{1,128}$/.test(value) ? value : undefined;
}

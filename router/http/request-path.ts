import type { IncomingMessage } from 'node:http';
import type { ClientResponse } from '../request/client-request.ts';

/** Responds to requests for some paths of a port. Returns undefined for other paths. */
export type ServePaths = (request: IncomingMessage, path: string) => Promise<ClientResponse | undefined>;

// Matches scheme and authority of the absolute form, which servers must accept (RFC 9112 section 3.2.2).
const AUTHORITY = /^https?:\/\/[^/?#]*/i;

/** Returns the path of a request target, without the query. */
export function pathOf(target = '/'): string {
  const url = target.replace(AUTHORITY, '');
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

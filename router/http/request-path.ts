import type { IncomingMessage } from 'node:http';
import type { ClientResponse } from '../request/client-request.ts';

/** Responds to requests for some paths of a port; returns undefined for all other paths. */
export type ServePaths = (request: IncomingMessage, path: string) => Promise<ClientResponse | undefined>;

// Matches scheme and host at the beginning of a request target such as `http://host/graphql`. Servers must
// accept this absolute form (RFC 9112 section 3.2.2).
const AUTHORITY = /^https?:\/\/[^/?#]*/i;

/** Returns the path of a request target, such as `/graphql` for `/graphql?query=…`. */
export function pathOf(target = '/'): string {
  const url = target.replace(AUTHORITY, '');
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

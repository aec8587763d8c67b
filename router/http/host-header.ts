import type { IncomingMessage } from 'node:http';

const AUTHORITY = /^(?:\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/i;

/**
 * Describes what is wrong with the Host header of a request; undefined if it is valid. A request with an
 * invalid Host header must be rejected (RFC 9112 section 3.2), because a proxy and the router could route it
 * to different hosts.
 */
export function hostFault({ httpVersion, headers, rawHeaders }: IncomingMessage): string | undefined {
  const { host } = headers;
  if (host === undefined) return httpVersion === '1.1' ? 'the Host header is missing' : undefined;
  if (!AUTHORITY.test(host)) return 'the Host header is not a host name with an optional port';
  // Node puts only the first Host header into `headers`, so repeated ones are found in `rawHeaders`.
  return countOf(rawHeaders, 'host') > 1 ? 'the request has more than one Host header' : undefined;
}

function countOf(rawHeaders: readonly string[], name: string): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const raw = rawHeaders[index];
    if (raw?.length === name.length && raw.toLowerCase() === name) count += 1;
  }
  return count;
}

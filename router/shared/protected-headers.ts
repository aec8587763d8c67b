import type { IncomingHttpHeaders } from 'node:http';

/**
 * Returns whether header rules must leave a header alone. Different spellings of a name are the same header.
 */
export type IsProtected = (name: string) => boolean;

/**
 * Headers that rules may change in no message: those of the connection (RFC 9110 section 7.6.1), of the body,
 * and credentials.
 */
const EVERYWHERE = setOf(
  'connection keep-alive te trailer trailers transfer-encoding upgrade http2-settings expect ' +
    'host content-length content-encoding content-type content-range accept accept-encoding ' +
    'authorization cookie cookie2 signature signature-input accept-signature ' +
    'digest content-digest repr-digest want-digest want-content-digest want-repr-digest ' +
    'x-request-id x-correlation-id traceparent x-service-name',
);

const EVERYWHERE_BELOW = ['proxy-', 'x-user-', 'x-tenant-'];

// Headers of subgraph requests that only the router sets: the origin of the request, the timeout, and headers
// that switch on tracing in Apollo's servers.
const REQUEST = setOf(
  'forwarded x-real-ip x-client-ip x-request-timeout-ms set-cookie apollo-federation-include-trace',
);
const REQUEST_BELOW = ['x-forwarded-', 'apollo-query-plan-'];

// Headers of client responses that only the router sets, for example CORS headers and the state of the rate
// limit.
const RESPONSE = setOf('date retry-after x-degraded x-supergraph-version');
const RESPONSE_BELOW = ['access-control-', 'ratelimit-', 'x-ratelimit-'];

/** Returns whether rules must not change a header of requests to subgraphs. */
export const isProtectedRequestHeader: IsProtected = (name) =>
  isOneOf(name, REQUEST, REQUEST_BELOW) || isOneOf(name, EVERYWHERE, EVERYWHERE_BELOW);

/** Returns whether rules must not change a header of responses to clients. */
export const isProtectedResponseHeader: IsProtected = (name) =>
  isOneOf(name, RESPONSE, RESPONSE_BELOW) || isOneOf(name, EVERYWHERE, EVERYWHERE_BELOW);

/**
 * Returns the names of headers that `Connection` lists. They concern only the connection and are never
 * forwarded.
 */
export function connectionOptions({ connection }: IncomingHttpHeaders): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  return new Set(
    // Node returns a list if the header `Connection` is repeated, although the type says `string`.
    [connection]
      .flat()
      .join(',')
      .split(',')
      .map((option) => option.trim().toLowerCase()),
  );
}

const NONE: ReadonlySet<string> = new Set();

function isOneOf(name: string, names: ReadonlySet<string>, prefixes: readonly string[]): boolean {
  const spelt = canonical(name);
  // The name `x-user` is protected by the prefix `x-user-` too: `canonical` turns `x-user-` into `x-user`.
  return names.has(spelt) || prefixes.some((prefix) => `${spelt}-`.startsWith(prefix));
}

// Returns the name that a server reads if it replaces punctuation in header names, as CGI does: `x-user-id`
// for `X_User_Id` and for `x.user.id`.
function canonical(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

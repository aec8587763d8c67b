import type { IncomingHttpHeaders } from 'node:http';

/** Says of a header, however it is spelt, whether rules may touch it. */
export type IsProtected = (name: string) => boolean;

/** Of one connection (RFC 9110 section 7.6.1), of one body, or a proof of who sends it. */
const EVERYWHERE = setOf(
  'connection keep-alive te trailer trailers transfer-encoding upgrade http2-settings expect ' +
    'host content-length content-encoding content-type content-range accept accept-encoding ' +
    'authorization cookie cookie2 signature signature-input accept-signature ' +
    'digest content-digest repr-digest want-digest want-content-digest want-repr-digest ' +
    'x-request-id x-correlation-id traceparent x-service-name',
);

const EVERYWHERE_BELOW = ['proxy-', 'x-user-', 'x-tenant-'];

// Of where a request came from, and with which of Apollo's switches, the router alone may tell a subgraph.
const REQUEST = setOf(
  'forwarded x-real-ip x-client-ip x-request-timeout-ms set-cookie apollo-federation-include-trace',
);
const REQUEST_BELOW = ['x-forwarded-', 'apollo-query-plan-'];

// The router alone sets the headers that say who may read a response and what is left of a rate limit.
const RESPONSE = setOf('date retry-after x-degraded x-supergraph-version');
const RESPONSE_BELOW = ['access-control-', 'ratelimit-', 'x-ratelimit-'];

export const isProtectedRequestHeader: IsProtected = (name) =>
  isOneOf(name, REQUEST, REQUEST_BELOW) || isOneOf(name, EVERYWHERE, EVERYWHERE_BELOW);

export const isProtectedResponseHeader: IsProtected = (name) =>
  isOneOf(name, RESPONSE, RESPONSE_BELOW) || isOneOf(name, EVERYWHERE, EVERYWHERE_BELOW);

/** The headers that a message itself declares to be of its connection only. */
export function connectionOptions({ connection }: IncomingHttpHeaders): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  return new Set(
    // Given twice it is a list, whatever its type says.
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
  // With the dash: `x-user` alone is what is left of `x-user-`.
  return names.has(spelt) || prefixes.some((prefix) => `${spelt}-`.startsWith(prefix));
}

// Servers after the old CGI read `X_User_Id` and `x.user.id` as `x-user-id`.
function canonical(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

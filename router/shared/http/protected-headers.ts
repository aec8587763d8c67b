import type { IncomingHttpHeaders } from 'node:http';

/**
 * Returns whether header rules must leave a header alone. Different spellings of a name are the same header.
 */
export type IsProtected = (name: string) => boolean;

type HeaderNames = { readonly names: ReadonlySet<string>; readonly prefixes: readonly string[] };

/** Headers that rules may not change, by the messages to which this applies. */
export const PROTECTED_HEADERS = {
  // Headers of the connection (RFC 9110 section 7.6.1), of the body, and credentials.
  everywhere: {
    names: setOf(
      'connection keep-alive te trailer trailers transfer-encoding upgrade http2-settings expect ' +
        'host content-length content-encoding content-type content-range accept accept-encoding ' +
        'authorization cookie cookie2 signature signature-input accept-signature ' +
        'digest content-digest repr-digest want-digest want-content-digest want-repr-digest ' +
        'x-request-id x-correlation-id traceparent x-service-name',
    ),
    prefixes: ['proxy-', 'x-user-', 'x-tenant-'],
  },
  // Only the router sets these: the origin of the request, the timeout, and headers that switch on tracing in
  // Apollo's servers. Headers of the prefix `tributary-` are for the router, and one of them is a credential.
  request: {
    names: setOf(
      'forwarded x-real-ip x-client-ip x-request-timeout-ms set-cookie apollo-federation-include-trace',
    ),
    prefixes: ['x-forwarded-', 'apollo-query-plan-', 'tributary-'],
  },
  // Only the router sets these, for example CORS headers and the state of the rate limit.
  response: {
    names: setOf('date retry-after x-degraded x-supergraph-version'),
    prefixes: ['access-control-', 'ratelimit-', 'x-ratelimit-'],
  },
} as const satisfies Readonly<Record<string, HeaderNames>>;

/** Returns whether rules must not change a header of requests to subgraphs. */
export const isProtectedRequestHeader: IsProtected = (name) =>
  isOneOf(name, PROTECTED_HEADERS.request) || isOneOf(name, PROTECTED_HEADERS.everywhere);

/** Returns whether rules must not change a header of responses to clients. */
export const isProtectedResponseHeader: IsProtected = (name) =>
  isOneOf(name, PROTECTED_HEADERS.response) || isOneOf(name, PROTECTED_HEADERS.everywhere);

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

function isOneOf(name: string, { names, prefixes }: HeaderNames): boolean {
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

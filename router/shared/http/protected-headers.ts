import type { IncomingHttpHeaders } from 'node:http';

/**
 * Returns whether a header is protected: header rules of the configuration must not set or remove it.
 * Different spellings of a name are treated as the same header.
 */
export type IsProtected = (name: string) => boolean;

type HeaderNames = { readonly names: ReadonlySet<string>; readonly prefixes: readonly string[] };

/**
 * Headers that header rules of the configuration must not change: `everywhere`, only in requests to subgraphs
 * (`request`), or only in responses to clients (`response`).
 */
export const PROTECTED_HEADERS = {
  // Headers that concern the connection (RFC 9110 section 7.6.1), headers that describe the body, and headers
  // with credentials.
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
  // Headers of subgraph requests that only the router sets: the client's address, the timeout, and those that
  // switch on tracing in Apollo's servers. Headers with the prefix `tributary-` are meant for the router and
  // not forwarded; one of them is a credential.
  request: {
    names: setOf(
      'forwarded x-real-ip x-client-ip x-request-timeout-ms set-cookie apollo-federation-include-trace',
    ),
    prefixes: ['x-forwarded-', 'apollo-query-plan-', 'tributary-'],
  },
  // Headers of responses to clients that only the router sets, such as those of CORS and of the rate limit.
  response: {
    names: setOf('date retry-after x-degraded x-supergraph-version'),
    prefixes: ['access-control-', 'ratelimit-', 'x-ratelimit-'],
  },
  // Further headers of responses that the router sets, but that header rules may change.
  changeable: {
    names: setOf(
      'allow age cache-control clear-site-data content-disposition content-language content-location ' +
        'content-security-policy content-security-policy-report-only etag expires last-modified link location ' +
        'pragma referrer-policy refresh server-timing set-cookie set-cookie2 strict-transport-security vary ' +
        'www-authenticate x-content-type-options x-frame-options',
    ),
    prefixes: [],
  },
} as const satisfies Readonly<Record<string, HeaderNames>>;

/** Returns whether header rules of the configuration must not change this header in requests to subgraphs. */
export const isProtectedRequestHeader: IsProtected = (name) =>
  isOneOf(name, PROTECTED_HEADERS.request) || isOneOf(name, PROTECTED_HEADERS.everywhere);

/** Returns whether header rules of the configuration must not change this header in responses to clients. */
export const isProtectedResponseHeader: IsProtected = (name) =>
  isOneOf(name, PROTECTED_HEADERS.response) || isOneOf(name, PROTECTED_HEADERS.everywhere);

/**
 * Returns whether the router sets this header in responses to clients, or HTTP gives it a meaning there. A
 * setting that adds a header of its own must not overwrite it.
 */
export const isSetByRouter: IsProtected = (name) =>
  isOneOf(name, PROTECTED_HEADERS.changeable) || isProtectedResponseHeader(name);

/**
 * Returns the names of the headers that the header `Connection` lists. Such headers concern only one
 * connection and are never forwarded.
 */
export function connectionOptions({ connection }: IncomingHttpHeaders): ReadonlySet<string> {
  if (connection === undefined) return NONE;
  return new Set(
    // A repeated `Connection` header of a subgraph response is a list, although the type says `string`.
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
  // Canonical names have no hyphen at the end. A hyphen is appended for the comparison, so that the header
  // `x-user-` (canonical name `x-user`) matches the protected prefix `x-user-`, too.
  return names.has(spelt) || prefixes.some((prefix) => `${spelt}-`.startsWith(prefix));
}

// Returns the canonical name of a header: `x-user-id` for `X_User_Id` and for `x.user.id`. Some servers treat
// such spellings as the same header (CGI does), so that a client could forge a protected header with another
// spelling.
function canonical(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function setOf(names: string): ReadonlySet<string> {
  return new Set(names.split(' '));
}

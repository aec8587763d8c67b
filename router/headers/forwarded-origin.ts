import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';

/** The part of a client request that says where it came from. */
export type ForwardedRequest = {
  /** Address of the other end of the connection. */
  readonly peer: string | undefined;
  readonly headers: IncomingHttpHeaders;
};

/** Other end of a connection, and whether it is one of `listen.trustedProxies`. */
export type Peer = { readonly address: string; readonly isTrusted: boolean };

type Settings = Config['headers']['forwarded'];
type Part = Settings['queries'][number];

export type ForwardedOrigin = {
  readonly headersFor: (
    request: ForwardedRequest,
    operation: 'query' | 'mutation',
  ) => Readonly<Record<string, string>>;
};

/**
 * Tells subgraphs where a request came from: `X-Forwarded-For`, `-Proto` and `-Host`. What a client sends under these names counts
 * only if a trusted proxy passes it on.
 */
export function createForwardedOrigin(
  settings: Settings,
  readPeer: (peer: string | undefined) => Peer,
): ForwardedOrigin {
  const namesOf = { query: settings.queries, mutation: settings.mutations };
  return {
    headersFor(request, operation) {
      const names = namesOf[operation];
      if (names.length === 0) return NOTHING;
      const peer = readPeer(request.peer);
      const entries = names.map((name) => [`x-forwarded-${name}`, READERS[name](request.headers, peer)]);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    },
  };
}

const NOTHING: Readonly<Record<string, string>> = {};

const READERS: Readonly<Record<Part, (headers: IncomingHttpHeaders, peer: Peer) => string | undefined>> = {
  for: addresses,
  proto: protocol,
  host,
};

/** Addresses passed on; those on the left are what clients claim. */
const MOST_ADDRESSES = 32;
const ADDRESS = /^[\w.:[\]%-]{1,64}$/;
const PROTOCOL = /^https?$/i;
const HOST = /^[\w.:[\]%-]{1,255}$/;

function addresses(headers: IncomingHttpHeaders, { address, isTrusted }: Peer): string {
  const hops = isTrusted ? listOf(headers['x-forwarded-for']).filter((hop) => ADDRESS.test(hop)) : [];
  return [...hops.slice(1 - MOST_ADDRESSES), address].join(', ');
}

function protocol(headers: IncomingHttpHeaders, { isTrusted }: Peer): string {
  const [first] = isTrusted ? listOf(headers['x-forwarded-proto']) : [];
  // The router itself speaks no TLS.
  return first !== undefined && PROTOCOL.test(first) ? first.toLowerCase() : 'http';
}

function host(headers: IncomingHttpHeaders, { isTrusted }: Peer): string | undefined {
  const [first] = isTrusted ? listOf(headers['x-forwarded-host']) : [];
  return [first, headers.host].find((name) => name !== undefined && HOST.test(name));
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  // Sent twice it is a list.
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((item) => item.trim());
}

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

type ReadPeer = (address: string | undefined) => Peer;

type Settings = Config['headers']['forwarded'];

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
export function createForwardedOrigin(settings: Settings, readPeer: ReadPeer): ForwardedOrigin {
  const namesOf = { query: settings.queries, mutation: settings.mutations };
  return {
    headersFor(request, operation) {
      const names = namesOf[operation];
      if (names.length === 0) return NOTHING;
      const peer = readPeer(request.peer);
      const readers = {
        for: () => addresses(request.headers, peer, readPeer),
        proto: () => protocol(request.headers, peer),
        host: () => host(request.headers, peer),
      };
      const entries = names.map((name) => [`x-forwarded-${name}`, readers[name]()]);
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    },
  };
}

const NOTHING: Readonly<Record<string, string>> = {};

/** Addresses passed on at most. */
const MOST_ADDRESSES = 32;
const ADDRESS = /^[\w.:[\]%-]{1,64}$/;
const PROTOCOL = /^https?$/i;
const HOST = /^[\w.:[\]%-]{1,255}$/;

/** The client's address and the trusted proxies after it: whatever stands before it was written by the client itself. */
function addresses(headers: IncomingHttpHeaders, { address, isTrusted }: Peer, readPeer: ReadPeer): string {
  const hops = isTrusted ? listOf(headers['x-forwarded-for']).filter((hop) => ADDRESS.test(hop)) : [];
  const client = hops.findLastIndex((hop) => !readPeer(hop).isTrusted);
  return [...hops.slice(Math.max(client, 0)).slice(1 - MOST_ADDRESSES), address].join(', ');
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

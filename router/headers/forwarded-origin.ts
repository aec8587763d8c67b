import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/config-schema.ts';

/** The parts of a client request from which the `X-Forwarded-*` headers are created. */
export type ForwardedRequest = {
  /** Remote address of the connection: that of the client, or of a proxy in front of the router. */
  readonly peer: string | undefined;
  readonly headers: IncomingHttpHeaders;
};

/** Remote address of a connection, and whether it is in `listen.trustedProxies`. */
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
 * Creates the headers `X-Forwarded-For`, `-Proto` and `-Host` for subgraphs. Values from the client are used
 * only if a trusted proxy has passed them on.
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

/** Maximum number of addresses sent in `X-Forwarded-For`. If there are more, the first ones are left out. */
const MOST_ADDRESSES = 32;
const ADDRESS = /^[\w.:[\]%-]{1,64}$/;
const PROTOCOL = /^https?$/i;
const HOST = /^[\w.:[\]%-]{1,255}$/;

/**
 * Returns the value of `X-Forwarded-For`: the client's address, then the trusted proxies between the client
 * and the router. The received header may list more addresses before the client's. These are left out,
 * because the client may have invented them.
 */
function addresses(headers: IncomingHttpHeaders, { address, isTrusted }: Peer, readPeer: ReadPeer): string {
  const hops = isTrusted ? listOf(headers['x-forwarded-for']).filter((hop) => ADDRESS.test(hop)) : [];
  const client = hops.findLastIndex((hop) => !readPeer(hop).isTrusted);
  return [...hops.slice(Math.max(client, 0)).slice(1 - MOST_ADDRESSES), address].join(', ');
}

function protocol(headers: IncomingHttpHeaders, { isTrusted }: Peer): string {
  const [first] = isTrusted ? listOf(headers['x-forwarded-proto']) : [];
  // Without a trusted proxy the protocol is always `http`, because the router itself does not serve TLS.
  return first !== undefined && PROTOCOL.test(first) ? first.toLowerCase() : 'http';
}

function host(headers: IncomingHttpHeaders, { isTrusted }: Peer): string | undefined {
  const [first] = isTrusted ? listOf(headers['x-forwarded-host']) : [];
  return [first, headers.host].find((name) => name !== undefined && HOST.test(name));
}

function listOf(value: string | string[] | undefined): string[] {
  if (value === undefined) return [];
  // Node delivers a repeated header as an array. Each element may itself list several values, separated by
  // commas.
  return [value]
    .flat()
    .join(',')
    .split(',')
    .map((item) => item.trim());
}

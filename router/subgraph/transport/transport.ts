import { Pool, buildConnector } from 'undici';
import type { Call, Settle } from '../call/call.ts';
import { createConnector } from './certificates.ts';
import { Exchange } from './http-exchange.ts';
import { filterInterimResponses } from './interim-responses.ts';
import { joinWrites } from './join-writes.ts';
import { notSent } from '../call/outcomes.ts';
import type { SubgraphSettings } from '../call/settings.ts';

/**
 * Signs a request to a subgraph and returns headers with the signature. Each attempt is signed separately.
 */
export type Signer = {
  sign(message: {
    readonly audience: string;
    readonly body: Buffer;
    readonly headers: Readonly<Record<string, string>>;
  }): Readonly<Record<string, string>>;
};

/** The connection pool of an endpoint, and the path of its URL. */
export type Address = { readonly pool: Pool; readonly path: string };

/** Sends one attempt to an address. Calls `settle` once, and does not throw. */
export type Transport = (address: Address, call: Call, settle: Settle) => void;

export type TransportOptions = {
  readonly service: string;
  readonly maxResponseBytes: number;
  readonly signer: Signer;
  readonly keepHeaders?: boolean | undefined;
  readonly monotonic: () => number;
};

/** Creates the function that sends one attempt over HTTP/1.1 and reads its response. */
export function createTransport(options: TransportOptions): Transport {
  const { service, signer, monotonic } = options;

  function dispatch({ pool, path }: Address, call: Call, exchange: Exchange): void {
    const body = Buffer.from(call.request.body);
    const { headers: own } = call.context;
    const headers = requestHeaders(own, signer.sign({ audience: service, body, headers: own }));
    headers.push(TIMEOUT_HEADER, String(Math.max(Math.floor(call.endsAt - monotonic()), 0)));
    call.interrupt.attach(exchange);
    call.request.record?.dispatched(monotonic(), body.length);
    pool.dispatch({ path, method: 'POST', headers, body }, exchange);
  }

  return (address, call, settle) => {
    const exchange = new Exchange(options, call, settle);
    try {
      dispatch(address, call, exchange);
    } catch (cause) {
      // The signer throws if a value cannot be sent in a header. The call then fails without counting as a
      // failure of the subgraph.
      exchange.interrupt(notSent(service, cause));
    }
  };
}

/** Creates the connection pool of an address. It opens connections only for calls. */
export function openPool(
  url: URL,
  options: Pick<SubgraphSettings, 'connections' | 'timeoutMs' | 'tls'>,
): Pool {
  // Connecting may take half of the timeout. The other half is left for a retry at another endpoint. Undici's
  // timer is up to 0.5 s late.
  const connectTimeout = Math.max(options.timeoutMs / 2, 1);
  const { tls } = options;
  const connector =
    tls !== undefined && url.protocol === 'https:'
      ? createConnector(tls, connectTimeout)
      : buildConnector({ timeout: connectTimeout, allowH2: false });
  return new Pool(url.origin, {
    connections: options.connections,
    pipelining: 1,
    connectTimeout,
    connect: prepared(connector),
    // Undici's own timeouts are off, because they limit the pauses between bytes, and the deadline limits the
    // whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Idle connections stay open for as long as the subgraph allows, because reusing a connection saves a
    // round trip.
    keepAliveTimeout: 30_000,
    // HTTP/2 is off: aborting a call closes its connection, and other calls on the same connection would be
    // lost too.
    allowH2: false,
  });
}

/**
 * Wraps a connector. Each new socket hides interim responses from undici (`filterInterimResponses`) and
 * writes a request as one buffer (`joinWrites`).
 */
function prepared(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    connect(options, (...result) => {
      const [error, socket] = result;
      if (error === null) {
        filterInterimResponses(socket);
        joinWrites(socket);
      }
      callback(...result);
    });
  };
}

/**
 * Name of the header with the milliseconds that the router still waits, so that a subgraph can stop early.
 * The transport adds it after deduplication, so equal calls remain equal although their remaining time
 * differs.
 */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

/**
 * Headers that are not copied to the subgraph request: hop-by-hop headers (RFC 9110 section 7.6.1), and
 * headers that this module sets itself.
 */
const NOT_FORWARDED = new Set(
  (
    'connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding ' +
    'upgrade expect host content-length content-encoding accept-encoding content-type accept authorization cookie ' +
    'x-request-timeout-ms'
  ).split(' '),
);

function requestHeaders(
  context: Readonly<Record<string, string>>,
  signature: Readonly<Record<string, string>>,
): string[] {
  const headers = [
    'content-type',
    'application/json',
    'accept',
    'application/graphql-response+json, application/json',
  ];
  for (const name of Object.keys(context)) {
    const value = context[name];
    if (value !== undefined && !NOT_FORWARDED.has(name.toLowerCase())) headers.push(name, value);
  }
  for (const [name, value] of Object.entries(signature)) headers.push(name, value);
  return headers;
}

import type { Call, Settle } from '../call/call.ts';
import type { IdentityHeaders } from '../../request/call-headers.ts';
import type { ConnectionPool } from './http1/connection-pool.ts';
import { OutgoingRequest } from './http1/outgoing-request.ts';
import { Http1Pool } from './http1/pool.ts';
import { UndiciPool } from './undici-pool.ts';
import { Exchange } from './http-exchange.ts';
import { notSent } from '../call/outcomes.ts';
import type { SubgraphSettings } from '../call/settings.ts';

/**
 * Signs a request to a subgraph and returns headers with the signature. Each attempt is signed separately.
 */
export type Signer = {
  sign(message: {
    readonly audience: string;
    readonly body: string;
    readonly identity: IdentityHeaders;
  }): Readonly<Record<string, string>>;
};

/** The connection pool of an endpoint, and the path of its URL. */
export type Address = { readonly pool: ConnectionPool; readonly path: string };

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

  function dispatch({ pool, path }: Address, call: Call, exchange: Exchange, repeat?: () => void): void {
    const { body: bodyText, record } = call.request;
    const { headers: shared } = call.context;
    const signature = signer.sign({ audience: service, body: bodyText, identity: shared.identity });
    const now = monotonic();
    const headers = { ...signature, [TIMEOUT_HEADER]: String(Math.max(Math.floor(call.endsAt - now), 0)) };
    const request = new OutgoingRequest({ path, shared, headers, bodyText, repeat });
    call.interrupt.attach(exchange);
    record?.dispatched(now, request.bodyBytes);
    pool.dispatch(request, exchange);
  }

  function send(address: Address, call: Call, exchange: Exchange, repeat?: () => void): void {
    try {
      dispatch(address, call, exchange, repeat);
    } catch (cause) {
      // The signer throws if a value cannot be sent in a header. The call then fails without counting as a
      // failure of the subgraph.
      exchange.interrupt(notSent(service, cause));
    }
  }

  return (address, call, settle) => {
    const exchange = new Exchange(options, call, settle);
    const isRepeatable = call.request.operation === 'query';
    send(address, call, exchange, isRepeatable ? () => send(address, call, exchange) : undefined);
  };
}

/** Milliseconds for which an idle connection stays open, because reusing it saves a round trip. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Creates the connection pool of an address. It opens connections only for calls. Connections with TLS always
 * use undici.
 */
export function openPool(
  url: URL,
  options: Pick<SubgraphSettings, 'connections' | 'timeoutMs' | 'tls' | 'transport' | 'pipelining'>,
): ConnectionPool {
  const { connections, timeoutMs, tls, transport, pipelining } = options;
  // Connecting may take half of the timeout. The other half is left for a retry at another endpoint.
  const connectTimeoutMs = Math.max(timeoutMs / 2, 1);
  const settings = { connections, connectTimeoutMs, keepAliveMs: KEEP_ALIVE_MS };
  return transport === 'built-in' && url.protocol === 'http:'
    ? new Http1Pool(url, { ...settings, pipelining })
    : new UndiciPool(url, { ...settings, tls });
}

/**
 * Name of the header with the milliseconds that the router still waits, so that a subgraph can stop early.
 * The transport adds it after deduplication, so equal calls remain equal although their remaining time
 * differs.
 */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

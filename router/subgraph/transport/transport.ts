import type { Call, Settle } from '../call/call.ts';
import type { IdentityHeaders } from '../../request/call-headers.ts';
import type { ConnectionPool } from './http1/connection-pool.ts';
import { OutgoingRequest } from './http1/outgoing-request.ts';
import { Http1Pool } from './http1/pool.ts';
import { UndiciPool } from './undici-pool.ts';
import { Exchange } from './http-exchange.ts';
import { notSent } from '../call/outcomes.ts';
import type { SubgraphSettings } from '../call/settings.ts';

/** Signs a request to a subgraph and returns the headers with the signature. A retry gets a new signature. */
export type Signer = {
  sign(message: {
    readonly audience: string;
    readonly body: string;
    readonly identity: IdentityHeaders;
  }): Readonly<Record<string, string>>;
};

/** Connection pool of an endpoint, and the path of the endpoint's URL. */
export type Address = { readonly pool: ConnectionPool; readonly path: string };

/** Sends one attempt of a call to an address. It passes the result to `settle`, once, and does not throw. */
export type Transport = (address: Address, call: Call, settle: Settle) => void;

export type TransportOptions = {
  readonly service: string;
  readonly maxResponseBytes: number;
  readonly signer: Signer;
  readonly keepHeaders?: boolean | undefined;
  readonly monotonic: () => number;
};

/** Creates the function that sends one attempt of a call over HTTP/1.1 and reads its response. */
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
      // Signing fails if a header value cannot be sent. The router or the client has caused such a value, so
      // this is no failure of the subgraph.
      exchange.interrupt(notSent(service, cause));
    }
  }

  return (address, call, settle) => {
    const exchange = new Exchange(options, call, settle);
    const isRepeatable = call.request.operation === 'query';
    send(address, call, exchange, isRepeatable ? () => send(address, call, exchange) : undefined);
  };
}

/** Milliseconds for which an idle connection stays open. Reusing a connection saves a round trip. */
const KEEP_ALIVE_MS = 30_000;

/**
 * Creates the connection pool of an address; connections are opened only when calls need them. The
 * configuration selects the library undici or the router's own HTTP/1.1 client, which does not support TLS.
 */
export function openPool(
  url: URL,
  options: Pick<SubgraphSettings, 'connections' | 'timeoutMs' | 'tls' | 'transport' | 'pipelining'>,
): ConnectionPool {
  const { connections, timeoutMs, tls, transport, pipelining } = options;
  // Connecting may take half of the call's timeout, so that the other half is left for a retry at another
  // endpoint.
  const connectTimeoutMs = Math.max(timeoutMs / 2, 1);
  const settings = { connections, connectTimeoutMs, keepAliveMs: KEEP_ALIVE_MS };
  return transport === 'built-in' && url.protocol === 'http:'
    ? new Http1Pool(url, { ...settings, pipelining })
    : new UndiciPool(url, { ...settings, tls });
}

/**
 * Name of the request header with the number of milliseconds for which the router still waits, so that the
 * subgraph can stop its work in time. Equal calls differ in this header, so it is added only after
 * deduplication.
 */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

import type { Call, Settle } from '../call/call.ts';
import type { IdentityHeaders } from '../../request/call-headers.ts';
import type { Address, ConnectionPool } from './http1/connection-pool.ts';
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

/** Returns the function that sends one attempt of a call to an address and passes its result to `settle`. */
export type Transport = (settle: Settle) => SendAttempt;
export type SendAttempt = (address: Address, call: Call) => void;

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

  /** Sends the HTTP request of one attempt of a call. It is called again if that request must be repeated. */
  function send(exchange: Exchange): void {
    const { call, address } = exchange;
    try {
      const { body: bodyText, record, operation } = call.request;
      const { headers: shared } = call.context;
      const signature = signer.sign({ audience: service, body: bodyText, identity: shared.identity });
      const now = monotonic();
      const timeoutMs = Math.max(Math.floor(call.endsAt - now), 0);
      // A request is repeated once at most.
      const isRepeatable = operation === 'query' && !exchange.isRepeated;
      const { path } = address;
      const request = new OutgoingRequest({ path, shared, signature, timeoutMs, bodyText, isRepeatable });
      call.attach(exchange);
      record?.dispatched(now, request.bodyBytes);
      address.pool.dispatch(request, exchange);
    } catch (cause) {
      // A header value cannot be sent. It comes from the router or the client, so the call does not count as
      // a failure of the subgraph.
      exchange.interrupt(notSent(service, cause));
    }
  }

  return (settle) => {
    const parts = { ...options, settle, send };
    return (address, call) => send(new Exchange(parts, call, address));
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

import { Pool, buildConnector } from 'undici';
import type { Call, CallResult } from '../call/call.ts';
import { createConnector } from './certificates.ts';
import { Exchange } from './http-exchange.ts';
import { withoutInterimResponses } from './interim-responses.ts';
import { notSent, unsent } from '../call/outcomes.ts';
import type { SubgraphSettings } from '../call/settings.ts';

/** Signs one try; what it returns is added to the headers. */
export type Signer = {
  sign(message: {
    readonly audience: string;
    readonly body: Buffer;
    readonly headers: Readonly<Record<string, string>>;
  }): Readonly<Record<string, string>>;
};

/** Where a transport sends to. */
export type Address = { readonly pool: Pool; readonly path: string };

export type Transport = (address: Address, call: Call) => Promise<CallResult>;

export type TransportOptions = {
  readonly service: string;
  readonly maxResponseBytes: number;
  readonly signer: Signer;
  readonly keepHeaders?: boolean | undefined;
  readonly monotonic: () => number;
};

/** Sends one try over HTTP/1.1 and reads its answer. */
export function createTransport(options: TransportOptions): Transport {
  const { service, signer, monotonic } = options;

  function dispatch({ pool, path }: Address, call: Call, settle: (result: CallResult) => void): void {
    const body = Buffer.from(call.request.body);
    const { headers: own } = call.context;
    const headers = requestHeaders(own, signer.sign({ audience: service, body, headers: own }));
    headers.push(TIMEOUT_HEADER, String(Math.max(Math.floor(call.endsAt - monotonic()), 0)));
    const exchange = new Exchange({ ...options, exact: call.request.exact, settle });
    call.interrupt.listen((result) => {
      exchange.interrupt(result);
    });
    pool.dispatch({ path, method: 'POST', headers, body }, exchange);
  }

  return (address, call) =>
    new Promise((settle) => {
      try {
        dispatch(address, call, settle);
      } catch (cause) {
        // The signer refuses values that no header may carry; that is not the subgraph's fault.
        settle(unsent(notSent(service, cause)));
      }
    });
}

export function openPool(
  url: URL,
  options: Pick<SubgraphSettings, 'connections' | 'timeoutMs' | 'tls'>,
): Pool {
  // What half the time has not connected leaves the rest to another endpoint. Undici's timer is coarse: up to 0.5 s late.
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
    connect: withoutInterimResponses(connector),
    // The deadline covers the whole call; these would only end silences.
    headersTimeout: 0,
    bodyTimeout: 0,
    // Idle connections stay as long as the subgraph lets them: one in use saves a round trip.
    keepAliveTimeout: 30_000,
    // An abort closes a connection, which over HTTP/2 would be everybody's.
    allowH2: false,
  });
}

/** Announces how long the router still waits, so that a subgraph can stop earlier. Added here, so it is no part of any scope. */
const TIMEOUT_HEADER = 'x-request-timeout-ms';

/** Hop-by-hop headers (RFC 9110 section 7.6.1), and those that are this module's to set. */
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

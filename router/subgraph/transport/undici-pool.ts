import { Pool, buildConnector } from 'undici';
import { createConnector } from './certificates.ts';
import type { CertificateFiles } from './certificates.ts';
import type { ConnectionPool, PoolStats, ResponseHandler } from './http1/connection-pool.ts';
import { JSON_HEADERS, TIMEOUT_HEADER } from './http1/outgoing-request.ts';
import type { OutgoingRequest } from './http1/outgoing-request.ts';
import type { PoolOptions } from './http1/pool.ts';
import { filterInterimResponses } from './interim-responses.ts';
import { joinWrites } from './join-writes.ts';

/** Connections to one origin that the library undici opens and uses. */
export class UndiciPool implements ConnectionPool {
  readonly pipelining = 'off';
  readonly #pool: Pool;

  constructor(
    url: URL,
    options: Omit<PoolOptions, 'pipelining'> & { readonly tls: CertificateFiles | undefined },
  ) {
    this.#pool = openUndici(url, options);
  }

  get stats(): PoolStats {
    const { connected, free, pending, running } = this.#pool.stats;
    return { connected, free, pending, running };
  }

  dispatch(request: OutgoingRequest, handler: ResponseHandler): void {
    const { path, shared, signature, timeoutMs, bodyText } = request;
    const own = [...Object.entries(signature).flat(), TIMEOUT_HEADER, String(timeoutMs)];
    const headers = [...JSON_HEADERS, ...shared.pairs, ...own];
    this.#pool.dispatch({ path, method: 'POST', headers, body: Buffer.from(bodyText) }, handler);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

function openUndici(
  url: URL,
  {
    connections,
    connectTimeoutMs,
    keepAliveMs,
    tls,
  }: Omit<PoolOptions, 'pipelining'> & { readonly tls: CertificateFiles | undefined },
): Pool {
  // The connect timeout is inexact: undici's timers may fire up to 0.5 s late.
  const connector =
    tls !== undefined && url.protocol === 'https:'
      ? createConnector(tls, connectTimeoutMs)
      : buildConnector({ timeout: connectTimeoutMs, allowH2: false });
  return new Pool(url.origin, {
    connections,
    pipelining: 1,
    connectTimeout: connectTimeoutMs,
    connect: prepared(connector),
    // Undici's timeouts for headers and body are off. They would limit only the pauses between bytes, whereas
    // the router's own deadline limits the whole call.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    // HTTP/2 is off, because undici closes the connection to abort a call, and all other calls on the same
    // HTTP/2 connection would be lost.
    allowH2: false,
  });
}

/**
 * Wraps the function with which undici opens a socket. The socket then hides interim responses (1xx) from
 * undici, and writes each request as one buffer.
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

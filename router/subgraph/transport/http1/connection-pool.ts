import type { IncomingHttpHeaders } from 'node:http';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Ends a request by closing its connection. */
export type RequestController = { abort(reason: Error): void };

/**
 * Receives the events of one HTTP request. Its methods are those that the library undici defines for
 * handlers.
 */
export type ResponseHandler = {
  /** Whether the call has ended, for example by a timeout, so that its request need not be sent. */
  readonly isEnded: boolean;
  /**
   * Called when the request gets a connection, before it is written. If the function throws, the request is
   * not sent.
   */
  onRequestStart(controller: RequestController): void;
  onResponseStart(controller: RequestController, status: number, headers: IncomingHttpHeaders): void;
  /**
   * @param chunk part of the body. A chunk that is the whole body must be processed before the function
   * returns, because the buffer of the chunk is overwritten later.
   */
  onResponseData(controller: RequestController, chunk: Buffer): void;
  onResponseEnd(): void;
  /** Sends the request again, because the response may never arrive on the connection that was used. */
  repeat(): void;
  onResponseError(controller: RequestController | null, error: Error): void;
};

/** Numbers of connections and waiting requests of a connection pool. */
export type PoolStats = {
  /** Open connections. */
  readonly connected: number;
  /** Open connections without a request. */
  readonly free: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  /** Connections with requests in flight. */
  readonly running: number;
};

/** The connections to one origin (scheme, host and port). */
export type ConnectionPool = {
  dispatch(request: OutgoingRequest, handler: ResponseHandler): void;
  readonly stats: PoolStats;
  /**
   * Whether several queries may be sent together on one connection. `paused` means that this is off for a
   * while, because the server has responded too slowly or closed a connection.
   */
  readonly pipelining: 'off' | 'on' | 'paused';
  /** Stops accepting requests. Resolves when all requests have ended. */
  close(): Promise<void>;
};

/** Connection pool of an endpoint, and the path of the endpoint's URL. */
export type Address = { readonly pool: ConnectionPool; readonly path: string };

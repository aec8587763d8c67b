import type { IncomingHttpHeaders } from 'node:http';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Ends a request by closing its connection. */
export type RequestController = { abort(reason: Error): void };

/** Receives the events of one request. The methods are those of undici's `dispatch` handlers. */
export type ResponseHandler = {
  /** Whether the call has ended, for example by a timeout, so that its request need not be sent. */
  readonly isEnded: boolean;
  /** Called when the request gets its connection. If it throws, the request is not sent. */
  onRequestStart(controller: RequestController): void;
  onResponseStart(controller: RequestController, status: number, headers: IncomingHttpHeaders): void;
  /** @param chunk part of the body; if it is the whole body, the next read overwrites its buffer */
  onResponseData(controller: RequestController, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(controller: RequestController | null, error: Error): void;
};

/** The numbers of connections and requests of a pool. */
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
   * Whether several queries may be sent together on one connection. `paused` means that they are not for a
   * while, because the server was slow or failed.
   */
  readonly pipelining: 'off' | 'on' | 'paused';
  /** Stops accepting requests. Resolves when all requests have ended. */
  close(): Promise<void>;
};

import type { IncomingHttpHeaders } from 'node:http';
import type { OutgoingRequest } from './outgoing-request.ts';

/** Ends a request by closing its connection. */
export type RequestController = { abort(reason: Error): void };

/** Receives the events of one request, as undici's `dispatch` sends them. */
export type ResponseHandler = {
  /** Whether the call has ended, so that it need not be sent. */
  readonly isEnded: boolean;
  /** Called when the request gets its connection. If it throws, the request is not sent. */
  onRequestStart(controller: RequestController): void;
  onResponseStart(controller: RequestController, status: number, headers: IncomingHttpHeaders): void;
  /** @param chunk valid after the call only if the response does not end during the same turn */
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
  /** Requests in flight. */
  readonly running: number;
};

/** The connections to one origin. */
export type ConnectionPool = {
  dispatch(request: OutgoingRequest, handler: ResponseHandler): void;
  readonly stats: PoolStats;
  /** Whether queries are sent together. They are not for a while after the server was slow or failed. */
  readonly pipelining: 'off' | 'on' | 'paused';
  /** Stops accepting requests. Resolves when all requests have ended. */
  close(): Promise<void>;
};

import type { ErrorCode } from '../shared/errors.ts';

/** Origin of the values that a fetch has added to the response. */
export type FetchSource = 'subgraph' | 'stale' | 'fallback' | 'cache';

/** State of the circuit breaker at the time of a call; `off` if breakers are disabled. */
export type RecordedBreaker = 'closed' | 'half-open' | 'open' | 'off';

/** The fetch of a plan that a record is about. */
export type RecordedFetch = {
  readonly index: number;
  readonly service: string;
  readonly path: readonly string[];
  readonly operation: 'query' | 'mutation';
};

/** Maximum number of different error codes that are kept for one fetch. */
const MAX_CODES = 8;

/**
 * Times and figures of one fetch of one execution. The wrappers of a subgraph call fill it in
 * (`SubgraphRequest.record`). Times are milliseconds of the monotonic clock; 0 means that the point was not
 * reached. All numbers are fields of one object, because there is one for each fetch of each request.
 */
export class FetchRecord {
  readonly index: number;
  readonly subgraph: string;
  readonly path: readonly string[];
  readonly operation: 'query' | 'mutation';
  /** Time at which the executor began the fetch. */
  startedAt: number;
  /** Time at which the last attempt was given to the connection pool. */
  dispatchedAt = 0;
  /** Time at which the last attempt had a connection, and its request was written. */
  connectedAt = 0;
  firstByteAt = 0;
  /** Time at which the response was read and parsed, or the call had failed. */
  endedAt = 0;
  /** Time at which the data was merged. */
  mergedAt = 0;
  /** Milliseconds that all attempts together waited for a connection. */
  connectionMs = 0;
  /** HTTP status of the last response; 0 if there was none. */
  status = 0;
  bytesOut = 0;
  bytesIn = 0;
  /** Number of objects in the merged data that the fetch requests fields for; 0 for root fields. */
  entities = 0;
  /** Number of representations in the request, which are distinct. */
  entitiesSent = 0;
  /** Number of HTTP requests, including retries and repeats with fewer fields. */
  attempts = 0;
  /** Number of the endpoint of the last attempt, from 0 in the order of the configuration; -1 if none. */
  endpoint = -1;
  breaker: RecordedBreaker = 'off';
  outcome: 'OK' | ErrorCode = 'OK';
  source: FetchSource = 'subgraph';
  /** Id of the client request whose call this fetch used. */
  joined: string | undefined = undefined;
  /** Index of the other fetch of the same execution that sent the request. */
  sharedWith = -1;
  /** Different codes of the errors in the response; undefined if it had none. */
  errors: string[] | undefined = undefined;

  constructor({ index, service, path, operation }: RecordedFetch, startedAt: number) {
    this.index = index;
    this.subgraph = service;
    this.path = path;
    this.operation = operation;
    this.startedAt = startedAt;
  }

  /** Records that an attempt was given to the connection pool. */
  dispatched(at: number, bytes: number): void {
    this.attempts += 1;
    this.dispatchedAt = at;
    this.connectedAt = 0;
    this.firstByteAt = 0;
    this.status = 0;
    this.bytesOut += bytes;
  }

  /** Records that the attempt has a connection. */
  connected(at: number): void {
    this.connectedAt = at;
    this.connectionMs += at - this.dispatchedAt;
  }

  /** Records the begin of the response. */
  responded(at: number, status: number): void {
    if (this.firstByteAt === 0) this.firstByteAt = at;
    this.status = status;
  }

  /** Records the end of an attempt. Without a connection, the whole attempt was a wait for one. */
  attemptEnded(at: number, bytes: number): void {
    this.bytesIn += bytes;
    if (this.connectedAt === 0 && this.dispatchedAt !== 0) this.connectionMs += at - this.dispatchedAt;
  }

  /** Records the result of a call. */
  ended(at: number, outcome: 'OK' | ErrorCode): void {
    this.endedAt = at;
    this.outcome = outcome;
  }

  /** Adds the code of an error in the response. */
  addError(code: string): void {
    this.errors ??= [];
    if (this.errors.length < MAX_CODES && !this.errors.includes(code)) this.errors.push(code);
  }
}

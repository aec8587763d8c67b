import type { ErrorCode } from '../shared/errors.ts';
import type { SpanIds } from './request-span.ts';
import type { FetchSource, RecordedBreaker } from './request-trace.ts';

/** A fetch node of a query plan. The times of the fetch are in a `FetchRecord`. */
export type RecordedFetch = {
  readonly index: number;
  readonly service: string;
  readonly path: readonly string[];
  readonly operation: 'query' | 'mutation';
};

/** Maximum number of different error codes that are kept for one fetch. */
const MAX_CODES = 8;
const CODE = /^\w{1,64}$/;

/**
 * Times and counts of one fetch in one execution. The functions that send the subgraph call write them into
 * the record, which they find in `SubgraphRequest.record`. Times are milliseconds of the monotonic clock; 0
 * means that the event has not happened.
 */
export class FetchRecord {
  readonly index: number;
  readonly subgraph: string;
  readonly path: readonly string[];
  readonly operation: 'query' | 'mutation';
  /** Time at which the executor began the fetch. */
  startedAt: number;
  /** Time at which the last attempt (an HTTP request) was passed to the connection pool. */
  dispatchedAt = 0;
  /** Time at which the last attempt got a connection and its request was written. */
  connectedAt = 0;
  firstByteAt = 0;
  /** Time at which the response was read and parsed, or at which the call failed. */
  endedAt = 0;
  /** Time at which the fetched data was merged into the response. */
  mergedAt = 0;
  /** Milliseconds that the attempts of this fetch waited for a connection, in total. */
  connectionMs = 0;
  /** HTTP status of the last response; 0 if there was none. */
  status = 0;
  bytesOut = 0;
  bytesIn = 0;
  /** Number of objects in the response for which the fetch requests fields; 0 for a fetch of root fields. */
  entities = 0;
  /** Number of entity representations in the request. Equal ones are sent once. */
  entitiesSent = 0;
  /**
   * Number of HTTP requests for this fetch, including retries and requests that were repeated without the
   * fields that a circuit breaker blocks.
   */
  attempts = 0;
  /**
   * Index of the last called endpoint in the subgraph's configured list of endpoints; -1 if none was called.
   */
  endpoint = -1;
  breaker: RecordedBreaker = 'off';
  outcome: 'OK' | ErrorCode = 'OK';
  source: FetchSource = 'subgraph';
  /**
   * Id of the other client request whose subgraph call delivered the data of this fetch (deduplication);
   * undefined if no other client request did.
   */
  joined: string | undefined = undefined;
  /**
   * Index of the other fetch of this execution whose subgraph call also delivers the data of this fetch; -1
   * if no other fetch does.
   */
  sharedWith = -1;
  /**
   * Record of the whole fetch, if the fetch is sent as several requests and this record describes one of
   * these requests; otherwise undefined. All requests of the fetch have one trace span in common.
   */
  whole: FetchRecord | undefined = undefined;
  /** Ids of the trace span of the subgraph call; undefined if spans are not exported. */
  span: SpanIds | undefined = undefined;
  /**
   * Ids of the trace span of a subgraph call that another fetch has sent and that also delivers the data of
   * this fetch; undefined if this fetch uses no such call or spans are not exported.
   */
  link: SpanIds | undefined = undefined;
  /** URL of the endpoint of the last attempt; empty if there was none. Clients never receive it. */
  url = '';
  /**
   * Times at which further attempts, such as retries, were passed to the connection pool; undefined if there
   * were none.
   */
  retriedAt: number[] | undefined = undefined;
  /** Distinct codes of the errors in the response; undefined if it had no errors. */
  errors: string[] | undefined = undefined;

  constructor({ index, service, path, operation }: RecordedFetch, startedAt: number) {
    this.index = index;
    this.subgraph = service;
    this.path = path;
    this.operation = operation;
    this.startedAt = startedAt;
  }

  /** Records that an attempt was passed to the connection pool. */
  dispatched(at: number, bytes: number): void {
    if (this.attempts > 0) (this.retriedAt ??= []).push(at);
    this.attempts += 1;
    this.dispatchedAt = at;
    this.connectedAt = 0;
    this.firstByteAt = 0;
    this.status = 0;
    this.bytesOut += bytes;
  }

  /** Records that the attempt has got a connection. */
  connected(at: number): void {
    this.connectedAt = at;
    this.connectionMs += at - this.dispatchedAt;
  }

  /** Records that the first bytes of the response have arrived. */
  responded(at: number, status: number): void {
    if (this.firstByteAt === 0) this.firstByteAt = at;
    this.status = status;
  }

  /**
   * Records the end of an attempt. If the attempt never got a connection, its whole duration counts as
   * waiting for one.
   */
  attemptEnded(bytes: number, now: () => number): void {
    this.bytesIn += bytes;
    if (this.connectedAt === 0 && this.dispatchedAt !== 0) this.connectionMs += now() - this.dispatchedAt;
  }

  /**
   * Records the result of a call. If the client has disconnected, the fetch may end before its call does. The
   * result of the call is then ignored.
   */
  ended(at: number, outcome: 'OK' | ErrorCode): void {
    if (this.mergedAt !== 0) return;
    this.endedAt = at;
    this.outcome = outcome;
  }

  /**
   * Records the state of a circuit breaker that the call passes: the breaker of the subgraph or of a field.
   * Of several states the record keeps the one that affects the call most, such as `open`.
   */
  passedBreaker(state: RecordedBreaker): void {
    if (state === 'open' || this.breaker === 'off' || this.breaker === 'closed') this.breaker = state;
  }

  /** Records that the call of another fetch of the same execution also delivers the data of this fetch. */
  usesCallOf(other: FetchRecord): void {
    if (other === this) return;
    this.sharedWith = other.index;
    this.copyCall(other);
  }

  /**
   * Records that the subgraph call of another client request delivers the data of this fetch (deduplication).
   */
  joins(requestId: string, other: FetchRecord | undefined): void {
    this.joined = requestId;
    if (other !== undefined) this.copyCall(other);
  }

  /**
   * Copies times, status, endpoint and breaker state of a subgraph call that another fetch has sent. Bytes
   * and attempts are not copied, because they count only for the fetch that sent the call.
   */
  copyCall(other: FetchRecord): void {
    this.dispatchedAt = other.dispatchedAt;
    this.connectedAt = other.connectedAt;
    this.firstByteAt = other.firstByteAt;
    // The fetch that sent the call may have waited for a connection before this fetch began. Only the waiting
    // time after the begin of this fetch counts.
    this.connectionMs = Math.min(other.connectionMs, Math.max(other.connectedAt - this.startedAt, 0));
    this.status = other.status;
    this.endpoint = other.endpoint;
    this.url = other.url;
    this.link = other.span;
    this.breaker = other.breaker;
  }

  /**
   * Combines the records of this fetch's requests, if the fetch was sent as several requests at the same
   * time. Only bytes and attempts are added up.
   */
  addParts(parts: readonly FetchRecord[]): void {
    for (const part of parts) {
      this.dispatchedAt = part.dispatchedAt;
      this.connectedAt = Math.max(this.connectedAt, part.connectedAt);
      this.firstByteAt = Math.max(this.firstByteAt, part.firstByteAt);
      this.connectionMs = Math.max(this.connectionMs, part.connectionMs);
      this.status = Math.max(this.status, part.status);
      this.endpoint = Math.max(this.endpoint, part.endpoint);
      this.url = part.url;
      this.bytesOut += part.bytesOut;
      this.bytesIn += part.bytesIn;
      this.attempts += part.attempts;
      this.passedBreaker(part.breaker);
      if (part.outcome !== 'OK') this.outcome = part.outcome;
    }
  }

  /**
   * Adds the code of an error in the response. A subgraph may send any value as a code, so a value that is
   * not a short word is recorded as `SUBGRAPH_ERROR`.
   */
  addError(code: unknown): void {
    const known = typeof code === 'string' && CODE.test(code) ? code : 'SUBGRAPH_ERROR';
    this.errors ??= [];
    if (this.errors.length < MAX_CODES && !this.errors.includes(known)) this.errors.push(known);
  }
}

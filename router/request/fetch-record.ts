import type { ErrorCode } from '../shared/errors.ts';
import type { SpanIds } from './request-span.ts';
import type { FetchSource, RecordedBreaker } from './request-trace.ts';

/** The fetch of a plan that a record is about. */
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
  /** Record of the whole fetch if this one is about a part of it. The parts have one span together. */
  whole: FetchRecord | undefined = undefined;
  /** Ids of the span of the call; undefined if spans are not exported. */
  span: SpanIds | undefined = undefined;
  /** Ids of the span of the call that this fetch shared. */
  link: SpanIds | undefined = undefined;
  /** URL of the endpoint of the last attempt; empty if there was none. Clients never receive it. */
  url = '';
  /** Times of the attempts after the first one; undefined if there was none. */
  retriedAt: number[] | undefined = undefined;
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
    if (this.attempts > 0) (this.retriedAt ??= []).push(at);
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
  attemptEnded(bytes: number, now: () => number): void {
    this.bytesIn += bytes;
    if (this.connectedAt === 0 && this.dispatchedAt !== 0) this.connectionMs += now() - this.dispatchedAt;
  }

  /** Records the result of a call. If the client is gone, the call may end after the fetch. */
  ended(at: number, outcome: 'OK' | ErrorCode): void {
    if (this.mergedAt !== 0) return;
    this.endedAt = at;
    this.outcome = outcome;
  }

  /**
   * Records the state of a breaker, of the service or of its fields. If one is open, the others do not
   * matter.
   */
  passedBreaker(state: RecordedBreaker): void {
    if (state === 'open' || this.breaker === 'off' || this.breaker === 'closed') this.breaker = state;
  }

  /** Records that another fetch of the same execution has sent the call for this one, too. */
  usesCallOf(other: FetchRecord): void {
    if (other === this) return;
    this.sharedWith = other.index;
    this.copyCall(other);
  }

  /** Records that this fetch used the call of another client request. */
  joins(requestId: string, other: FetchRecord | undefined): void {
    this.joined = requestId;
    if (other !== undefined) this.copyCall(other);
  }

  /** Copies the times of a call. Its bytes and attempts count only for the fetch that has sent it. */
  copyCall(other: FetchRecord): void {
    this.dispatchedAt = other.dispatchedAt;
    this.connectedAt = other.connectedAt;
    this.firstByteAt = other.firstByteAt;
    // The other fetch may have begun to wait for a connection earlier.
    this.connectionMs = Math.min(other.connectionMs, Math.max(other.connectedAt - this.startedAt, 0));
    this.status = other.status;
    this.endpoint = other.endpoint;
    this.url = other.url;
    this.link = other.span;
    this.breaker = other.breaker;
  }

  /** Adds the figures of several requests that were sent at the same time for this fetch. */
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

  /** Adds the code of an error in the response. A subgraph may send any value as a code. */
  addError(code: unknown): void {
    const known = typeof code === 'string' && CODE.test(code) ? code : 'SUBGRAPH_ERROR';
    this.errors ??= [];
    if (this.errors.length < MAX_CODES && !this.errors.includes(known)) this.errors.push(known);
  }
}

// Code of the web console, which runs in browsers, imports these types. This file must therefore not import
// modules that need Node.

/**
 * Stages of a client request, in order. `receive` reads the body, `queue` waits for requests that arrived
 * earlier and is left out if there is no wait, `persisted` looks up a persisted operation, `parse` includes
 * the validation of the document.
 */
export type StageName =
  | 'receive'
  | 'queue'
  | 'authenticate'
  | 'persisted'
  | 'parse'
  | 'authorize'
  | 'rateLimit'
  | 'plan'
  | 'execute'
  | 'respond';

/**
 * Origin of the values that a fetch has added to the response: the subgraph, a cache, or a replacement
 * because the subgraph failed. `stale` means earlier values, `fallback` configured ones.
 */
export type FetchSource = 'subgraph' | 'stale' | 'fallback' | 'cache';

/** State of a circuit breaker at the time of a subgraph call; `off` if circuit breakers are disabled. */
export type RecordedBreaker = 'closed' | 'half-open' | 'open' | 'off';

/**
 * The times of one request, of its stages and of its fetches, as clients receive them in `extensions.trace`
 * (format version 1). Times are milliseconds with three decimals. Points in time count from the start of the
 * request.
 */
export type RequestTrace = {
  readonly version: 1;
  readonly requestId: string;
  readonly traceId?: string;
  /** Version of the supergraph. */
  readonly supergraph?: string;
  readonly operation?: { readonly name?: string; readonly type: string; readonly signature?: string };
  /**
   * Id of another request, if its execution delivered the result of this request (deduplication); otherwise
   * absent.
   */
  readonly joined?: string;
  readonly totalMs: number;
  readonly stages: readonly TracedStage[];
  readonly fetches: readonly TracedFetch[];
  readonly criticalPath: readonly PathPart[];
  /** A sentence that describes for people which fetches determined the duration of the request. */
  readonly sentence: string;
};

export type TracedStage = {
  readonly name: StageName;
  readonly startMs: number;
  /** Duration of the stage in milliseconds. */
  readonly ms: number;
  /** True if the result of the stage came from a cache. */
  readonly cached?: boolean;
};

export type TracedFetch = {
  /** Index of the fetch in the query plan. `dependsOn` and `sharedWith` of other fetches refer to it. */
  readonly id: number;
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /** Path in the response to the objects for which fields were fetched; empty for root fields. */
  readonly path: readonly string[];
  /** Ids of the fetches that this fetch depends on. */
  readonly dependsOn: readonly number[];
  readonly startMs: number;
  /** Milliseconds that the attempts of this fetch's subgraph call waited for a connection, in total. */
  readonly connectionMs: number;
  /**
   * Milliseconds from the start of the client request to the first bytes of the subgraph's response; null if
   * none arrived.
   */
  readonly firstByteMs: number | null;
  readonly endMs: number;
  readonly mergedMs: number;
  /** HTTP status of the subgraph's response; null if there was no response. */
  readonly status: number | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Number of objects in the response for which the fetch requested fields. */
  readonly entities: number;
  /** Number of entity representations that were sent. Equal ones are sent once. */
  readonly entitiesSent: number;
  readonly outcome: string;
  /** Codes of the errors in the subgraph's response. */
  readonly errors?: readonly string[];
  readonly attempts: number;
  /**
   * Endpoint that was called last, as an index into the configured list of the subgraph's endpoints; null if
   * none was called.
   */
  readonly endpoint: number | null;
  readonly breaker: RecordedBreaker;
  /**
   * Id of another client request, if one of its subgraph calls delivered the data of this fetch
   * (deduplication); otherwise null.
   */
  readonly joined: string | null;
  /**
   * Id of another fetch of this request, if the subgraph call of that fetch also delivered the data of this
   * fetch; otherwise null.
   */
  readonly sharedWith: number | null;
  readonly source: FetchSource;
};

/**
 * A part of the request's duration: a fetch that the response had to wait for, or a stage of request
 * handling.
 */
export type PathPart =
  | { readonly fetch: number; readonly subgraph: string; readonly ms: number }
  | { readonly stage: StageName; readonly ms: number };

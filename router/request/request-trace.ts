// The web console imports these types into browser code, so this file must not import server modules.

/**
 * Stages of a client request, in order. `receive` reads the body, `persisted` looks up a persisted operation,
 * `parse` includes the validation of the document.
 */
export type StageName =
  | 'receive'
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
 * because the subgraph failed (`stale` is an earlier value, `fallback` a configured one).
 */
export type FetchSource = 'subgraph' | 'stale' | 'fallback' | 'cache';

/** State of the circuit breaker at the time of a call; `off` if breakers are disabled. */
export type RecordedBreaker = 'closed' | 'half-open' | 'open' | 'off';

/**
 * The times of one request, its stages and its fetches: `extensions.trace`, version 1. All times are
 * milliseconds with three decimals. Points in time count from the start of the request.
 */
export type RequestTrace = {
  readonly version: 1;
  readonly requestId: string;
  readonly traceId?: string;
  /** Version of the supergraph. */
  readonly supergraph?: string;
  readonly operation?: { readonly name?: string; readonly type: string; readonly signature?: string };
  /** Id of the request whose execution this request shared by deduplication; absent if none. */
  readonly joined?: string;
  readonly totalMs: number;
  readonly stages: readonly TracedStage[];
  readonly fetches: readonly TracedFetch[];
  readonly criticalPath: readonly PathPart[];
  /** A sentence that describes the critical path, for people. */
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
  /** Index of the fetch in the query plan. */
  readonly id: number;
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /** Path in the response to the objects for which fields were fetched; empty for root fields. */
  readonly path: readonly string[];
  /** Ids of the fetches that this fetch depends on. */
  readonly dependsOn: readonly number[];
  readonly startMs: number;
  /** Milliseconds that all attempts of the call together waited for a connection. */
  readonly connectionMs: number;
  /** Time at which the response began; null if none began. */
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
   * Position, from 0, of the called endpoint in the configured list of endpoints; null if none was called.
   */
  readonly endpoint: number | null;
  readonly breaker: RecordedBreaker;
  /** Id of the client request whose subgraph call this fetch shared; null if it shared none. */
  readonly joined: string | null;
  /**
   * Id of the other fetch of this request that sent the subgraph call for both; null if this fetch sent it.
   */
  readonly sharedWith: number | null;
  readonly source: FetchSource;
};

/**
 * A part of the request's total time: a fetch that the response had to wait for, or a stage of the router.
 */
export type PathPart =
  | { readonly fetch: number; readonly subgraph: string; readonly ms: number }
  | { readonly stage: StageName; readonly ms: number };

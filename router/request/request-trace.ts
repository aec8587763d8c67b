// The console reads these types in a browser, so this file imports nothing.

/** Stages of a request. `receive` reads the body, `parse` includes the validation of the document. */
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

/** Origin of the values that a fetch has added to the response. */
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
  /** Id of the request whose execution this request shared. */
  readonly joined?: string;
  readonly totalMs: number;
  readonly stages: readonly TracedStage[];
  readonly fetches: readonly TracedFetch[];
  readonly criticalPath: readonly PathPart[];
  /** The critical path in words. */
  readonly sentence: string;
};

export type TracedStage = {
  readonly name: StageName;
  readonly startMs: number;
  /** Duration. */
  readonly ms: number;
  /** True if the result of the stage was in a cache. */
  readonly cached?: boolean;
};

export type TracedFetch = {
  /** Index of the fetch in the plan. */
  readonly id: number;
  readonly subgraph: string;
  readonly operation: 'query' | 'mutation';
  /** Path of the objects for which fields were fetched; empty for root fields. */
  readonly path: readonly string[];
  /** Ids of the fetches that this one had to wait for. */
  readonly dependsOn: readonly number[];
  readonly startMs: number;
  /** Duration of the wait for a connection, of all attempts together. */
  readonly connectionMs: number;
  /** Null if no response began. */
  readonly firstByteMs: number | null;
  readonly endMs: number;
  readonly mergedMs: number;
  /** HTTP status; null if there was no response. */
  readonly status: number | null;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Number of objects that the fetch is for. */
  readonly entities: number;
  /** Number of different representations that were sent. */
  readonly entitiesSent: number;
  readonly outcome: string;
  /** Codes of the errors in the response. */
  readonly errors?: readonly string[];
  readonly attempts: number;
  /** Number of the endpoint; null if the call was not sent. */
  readonly endpoint: number | null;
  readonly breaker: RecordedBreaker;
  /** Id of the request whose call this fetch used; null if it used its own. */
  readonly joined: string | null;
  /** Id of the other fetch of this request that sent the call; null if this one did. */
  readonly sharedWith: number | null;
  readonly source: FetchSource;
};

/** A part of the total time: a fetch that the response had to wait for, or a stage of the router. */
export type PathPart =
  | { readonly fetch: number; readonly subgraph: string; readonly ms: number }
  | { readonly stage: StageName; readonly ms: number };

import { FetchRecord } from './fetch-record.ts';
import type { RecordedFetch } from './fetch-record.ts';
import { ANONYMOUS } from './identity.ts';
import type { Identity } from './identity.ts';
import { UNTRACED_REQUEST, recordedIds } from './request-span.ts';
import type { RequestSpan, SpanIds } from './request-span.ts';
import type { StageName } from './request-trace.ts';

type RecordedOperation = {
  readonly name: string | undefined;
  readonly type: RequestFacts['operationType'];
  readonly source: string;
  readonly deprecated: readonly string[];
  readonly hash: () => string;
};

/**
 * Facts about a client request for the log, metrics, trace spans and the list of recent requests in the web
 * console.
 */
export type RequestFacts = {
  method: string;
  /** Path of the request without the query string. */
  path: string;
  correlationId: string;
  /** Address of the client itself, not of a proxy. */
  clientAddress: string;
  userAgent: string;
  /** Name that the client sends in a header such as `apollographql-client-name`. */
  clientName: string;
  /** Version that the client sends in a header such as `apollographql-client-version`. */
  clientVersion: string;
  /** Id of the trace that the request belongs to. */
  traceId: string;
  /**
   * Id of the trace span that the router created for the request; absent if the router created no span and
   * only forwards the client's trace headers to subgraphs.
   */
  spanId: string;
  identity: Identity;
  /**
   * Name of the contract (configured part of the graph) that the request used; absent for the whole graph.
   */
  graph: string | undefined;
  /** Version of the supergraph that served the request. */
  generation: string;
  operationName: string | undefined;
  operationType: 'query' | 'mutation' | 'subscription';
  /** GraphQL document that the client sent. */
  source: string;
  /** Whether the parsed and validated operation came from a cache. */
  isCached: boolean;
  /** True if the query plan was already in the cache; false if it was made for this request. */
  isPlanned: boolean;
  /** Coordinates of the deprecated fields and arguments that the operation uses. */
  deprecated: readonly string[];
  /** Returns the first digits of the operation's signature hash. The hash is computed on the first call. */
  operationHash: () => string;
  /** Estimated cost of the operation in points of the rate limit. */
  cost: number;
  /**
   * Actual cost of the operation in points of the rate limit. It is computed after execution, and only if the
   * rate limit replaces the estimated cost by the actual cost.
   */
  actualCost: number;
  /**
   * Points that the caller has left in its rate limit. If it has several rate limits, the lowest number
   * counts.
   */
  rateLimitRemaining: number;
};

/** The facts about a request that are known so far. */
export type RecordedFacts = { [Fact in keyof RequestFacts]: RequestFacts[Fact] | undefined };

/**
 * Returns facts without values. All members exist from the start, because adding them one by one would copy
 * the object's storage several times.
 */
function unknownFacts(): RecordedFacts {
  return {
    method: undefined,
    path: undefined,
    correlationId: undefined,
    clientAddress: undefined,
    userAgent: undefined,
    clientName: undefined,
    clientVersion: undefined,
    traceId: undefined,
    spanId: undefined,
    identity: undefined,
    graph: undefined,
    generation: undefined,
    operationName: undefined,
    operationType: undefined,
    source: undefined,
    isCached: undefined,
    isPlanned: undefined,
    deprecated: undefined,
    operationHash: undefined,
    cost: undefined,
    actualCost: undefined,
    rateLimitRemaining: undefined,
  };
}

/** A fetch on the critical path, with begin and end in microseconds since the start of the request. */
export type PathFetch = { readonly record: FetchRecord; readonly from: number; readonly until: number };

/**
 * Part of a request's duration, in microseconds, during which the response waited for `owner`: a subgraph, or
 * the router itself.
 */
export type PathShare = { readonly owner: string; us: number };

/**
 * The critical path of a request: the fetches that determined its duration. All times are whole microseconds,
 * so that the parts add up exactly to the duration.
 */
export type RecordedPath = {
  /**
   * The fetches of the critical path in their order. The gaps between them count as the router's own time.
   */
  readonly fetches: readonly PathFetch[];
  readonly routerUs: number;
  readonly totalUs: number;
  /**
   * Parts of the duration: one for each subgraph on the critical path, and one for the router (`router`). A
   * subgraph that is called `router` has the name `router_`, as in `Server-Timing`.
   */
  readonly shares: readonly PathShare[];
};

/**
 * The records of all fetches of one execution. Fetches are added until the execution ends. Client requests
 * that share the execution (deduplication) also share this object.
 */
export class ExecutionRecord {
  /** Id of the request that started the execution. */
  readonly requestId: string;
  /** Ids of the trace span of the request that started the execution; undefined if spans are not exported. */
  span: SpanIds | undefined = undefined;
  /** For each fetch of the query plan, the indices of the fetches that it depends on. */
  readonly dependsOn: readonly (readonly number[])[];
  readonly fetches: FetchRecord[] = [];
  readonly #now: () => number;

  constructor(requestId: string, dependsOn: readonly (readonly number[])[], now: () => number) {
    this.requestId = requestId;
    this.dependsOn = dependsOn;
    this.#now = now;
  }

  beginFetch(fetch: RecordedFetch): FetchRecord {
    const record = new FetchRecord(fetch, this.#now());
    this.fetches.push(record);
    return record;
  }

  /** Begins the record of one request, if a fetch is sent as several requests at the same time. */
  beginPart(fetch: RecordedFetch, whole: FetchRecord | undefined): FetchRecord {
    const part = new FetchRecord(fetch, this.#now());
    part.whole = whole;
    return part;
  }

  /**
   * Records the outcome of a subgraph call. If the record has no end time yet, such as for a fetch that
   * shares the call of another fetch, the current time becomes the end time.
   */
  received(record: FetchRecord, outcome: FetchRecord['outcome']): void {
    if (record.endedAt === 0) record.endedAt = this.#now();
    if (outcome !== 'OK') record.outcome = outcome;
  }

  /**
   * Records the time at which the data of a fetch was merged into the response, or at which the fetch failed.
   */
  merged(record: FetchRecord): void {
    record.mergedAt = this.#now();
  }
}

/**
 * Times and facts of one client request. Times are milliseconds of the monotonic clock. The recorder only
 * stores values, which is cheap. The modules in `router/trace` compute a trace from these values when it is
 * needed.
 */
export class RequestRecorder {
  readonly requestId: string;
  readonly startedAt: number;
  /** Time at which the response was complete; 0 before that. */
  endedAt = 0;
  /**
   * Names of the stages of the request in the order in which they began. `stageTimes` has the time at which
   * each of them began.
   */
  readonly stageNames: StageName[] = ['receive'];
  readonly stageTimes: number[];
  /** Record of the execution's fetches; undefined if the operation was not executed. */
  execution: ExecutionRecord | undefined = undefined;
  /**
   * Id of the other request whose execution delivered the result of this request (deduplication); undefined
   * if no other request did.
   */
  joined: string | undefined = undefined;
  readonly facts: RecordedFacts = unknownFacts();
  /**
   * The fetches that determined the duration of the request. They are computed when first needed, after the
   * end of the request.
   */
  criticalPath: RecordedPath | undefined = undefined;
  /** Ids of the trace and of the trace span that the request belongs to. */
  span: RequestSpan = UNTRACED_REQUEST;
  /**
   * True if the caller is allowed to see internals of this request: its trace, the header `Server-Timing`,
   * and query plans.
   */
  isExposed: boolean;
  readonly #now: () => number;
  #maySee: ((identity: Identity) => boolean) | undefined;

  /** @param maySee returns whether a caller with this identity is allowed to see the trace of the request */
  constructor(requestId: string, now: () => number, maySee: (identity: Identity) => boolean = () => false) {
    this.requestId = requestId;
    this.#now = now;
    this.#maySee = maySee;
    this.isExposed = maySee(ANONYMOUS);
    this.startedAt = now();
    this.stageTimes = [this.startedAt];
  }

  /** Duration of the request in milliseconds; if the request is still in flight, its duration so far. */
  get totalMs(): number {
    return (this.endedAt === 0 ? this.#now() : this.endedAt) - this.startedAt;
  }

  /** Records the begin of a stage, which is also the end of the previous stage. */
  stage(name: StageName): void {
    this.stageNames.push(name);
    this.stageTimes.push(this.#now());
  }

  /** Records the identity of the caller. */
  identified(identity: Identity): void {
    this.facts.identity = identity;
    this.isExposed = this.#maySee?.(identity) ?? false;
  }

  /** Records the GraphQL operation of the request. */
  prepared({ name, type, source, deprecated, hash }: RecordedOperation): void {
    this.facts.deprecated = deprecated;
    this.facts.operationName = name;
    this.facts.operationType = type;
    this.facts.source = source;
    this.facts.operationHash = hash;
  }

  /** Records the trace and the trace span that the request belongs to. */
  traced(span: RequestSpan): void {
    this.span = span;
    if (span.traceId !== undefined) this.facts.traceId = span.traceId;
    if (span.spanId !== undefined) this.facts.spanId = span.spanId;
  }

  note(facts: Partial<RequestFacts>): void {
    Object.assign(this.facts, facts);
  }

  /** Begins the record of an execution that this request starts. */
  beginExecution(dependsOn: readonly (readonly number[])[]): ExecutionRecord {
    this.execution = new ExecutionRecord(this.requestId, dependsOn, this.#now);
    this.execution.span = recordedIds(this.span);
    return this.execution;
  }

  /** Records the end of the request. Only the first call sets the end time. */
  finish(): void {
    if (this.endedAt === 0) this.endedAt = this.#now();
    // `maySee` is a closure that keeps the request headers, with the caller's token, in memory. It is dropped
    // here, because recorders of recent requests are kept for the web console.
    this.#maySee = undefined;
  }
}

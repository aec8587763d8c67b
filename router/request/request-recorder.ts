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

/** Facts about a request that log, metrics, spans and the list of recent requests use. */
export type RequestFacts = {
  method: string;
  /** Path of the request without the query string. */
  path: string;
  correlationId: string;
  /** Address of the client behind trusted proxies. */
  clientAddress: string;
  userAgent: string;
  /** Name that the client sends. */
  clientName: string;
  /** Version that the client sends. */
  clientVersion: string;
  /** Id of the trace that the request belongs to. */
  traceId: string;
  /** Id of the span of the request; absent if the trace is only passed on. */
  spanId: string;
  identity: Identity;
  /** Name of the contract; absent for the whole graph. */
  graph: string | undefined;
  /** Version of the supergraph. */
  generation: string;
  operationName: string | undefined;
  operationType: 'query' | 'mutation' | 'subscription';
  /** Document of the client. */
  source: string;
  /** Whether the prepared operation was in the cache. */
  isCached: boolean;
  /** Whether the plan was made before this request. */
  isPlanned: boolean;
  /** Coordinates of the deprecated fields and arguments that the operation uses. */
  deprecated: readonly string[];
  /** Returns the first digits of the operation's signature. It is computed on the first call. */
  operationHash: () => string;
  /** Estimated cost in points. */
  cost: number;
  /** Actual cost in points. It is computed after the response, and only if it replaces the estimate. */
  actualCost: number;
  /** Points left in the caller's emptiest bucket. */
  rateLimitRemaining: number;
};

/** A fetch that the response had to wait for, in microseconds from the start of the request. */
export type PathFetch = { readonly record: FetchRecord; readonly from: number; readonly until: number };

/** Microseconds of the total that a response waited for a subgraph, or for the router itself. */
export type PathShare = { readonly owner: string; us: number };

/** The critical path of a request. All times are whole microseconds, so the shares add up to the total. */
export type RecordedPath = {
  /** The fetches of the path in their order. What lies between them is the time of the router. */
  readonly fetches: readonly PathFetch[];
  readonly routerUs: number;
  readonly totalUs: number;
  /** One share for each subgraph of the path, and one for `router`. */
  readonly shares: readonly PathShare[];
};

/**
 * The fetches of one execution. Requests that share the execution share this record, which continues to grow
 * until the execution ends.
 */
export class ExecutionRecord {
  /** Id of the request that started the execution. */
  readonly requestId: string;
  /** Ids of the span of that request; undefined if spans are not exported. */
  span: SpanIds | undefined = undefined;
  /** For each fetch of the plan, the indices of the fetches that it waits for. */
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

  /** Begins the record of one of several requests that are sent at the same time for a fetch. */
  beginPart(fetch: RecordedFetch, whole: FetchRecord | undefined): FetchRecord {
    const part = new FetchRecord(fetch, this.#now());
    part.whole = whole;
    return part;
  }

  /** Records that a fetch has its response. A call of its own has recorded that already. */
  received(record: FetchRecord, outcome: FetchRecord['outcome']): void {
    if (record.endedAt === 0) record.endedAt = this.#now();
    if (outcome !== 'OK') record.outcome = outcome;
  }

  /** Records that the data of a fetch was merged, or that it failed. */
  merged(record: FetchRecord): void {
    record.mergedAt = this.#now();
  }
}

/**
 * Times and facts of one client request. Times are milliseconds of the monotonic clock. A recorder only
 * stores numbers. `router/trace` computes traces from them when they are read.
 */
export class RequestRecorder {
  readonly requestId: string;
  readonly startedAt: number;
  /** Time at which the response was complete; 0 before. */
  endedAt = 0;
  /** Names of the stages in the order in which they began; `stageTimes` has the times. */
  readonly stageNames: StageName[] = ['receive'];
  readonly stageTimes: number[];
  /** The fetches; undefined if the operation was not executed. */
  execution: ExecutionRecord | undefined = undefined;
  /** Id of the request whose execution this request shared. */
  joined: string | undefined = undefined;
  readonly facts: Partial<RequestFacts> = {};
  /** The critical path, as `pathOf` has computed it after the end. */
  criticalPath: RecordedPath | undefined = undefined;
  /** Place of the request in its trace. */
  span: RequestSpan = UNTRACED_REQUEST;
  /** True if the caller may see the trace, `Server-Timing` and query plans of this request. */
  isExposed: boolean;
  readonly #now: () => number;
  #maySee: ((identity: Identity) => boolean) | undefined;

  /** @param maySee returns whether a caller with this identity may see the trace of the request */
  constructor(requestId: string, now: () => number, maySee: (identity: Identity) => boolean = () => false) {
    this.requestId = requestId;
    this.#now = now;
    this.#maySee = maySee;
    this.isExposed = maySee(ANONYMOUS);
    this.startedAt = now();
    this.stageTimes = [this.startedAt];
  }

  /** Total time in milliseconds; until now if the request is in flight. */
  get totalMs(): number {
    return (this.endedAt === 0 ? this.#now() : this.endedAt) - this.startedAt;
  }

  /** Marks the end of the previous stage and the begin of this one. */
  stage(name: StageName): void {
    this.stageNames.push(name);
    this.stageTimes.push(this.#now());
  }

  /** Records the identity of the caller. */
  identified(identity: Identity): void {
    this.facts.identity = identity;
    this.isExposed = this.#maySee?.(identity) ?? false;
  }

  /** Records which operation the request is for. */
  prepared({ name, type, source, deprecated, hash }: RecordedOperation): void {
    this.facts.deprecated = deprecated;
    this.facts.operationName = name;
    this.facts.operationType = type;
    this.facts.source = source;
    this.facts.operationHash = hash;
  }

  /** Records the place of the request in its trace. */
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

  /** Ends the recording. Only the first call has an effect. */
  finish(): void {
    if (this.endedAt === 0) this.endedAt = this.#now();
    // The function holds the headers, with the caller's token. The recorder of a recent request is kept.
    this.#maySee = undefined;
  }
}

import type { RequestedEntities, WaitingQuery } from '../entity-batching/waiting-query.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { Copies } from '../compile/copies.ts';
import type { ErrorCollector } from '../errors/error-collector.ts';
import type { ResponseShape } from '../response/response-shape.ts';
import type { OwnStaleValues } from '../stale/stale-values.ts';
import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { ExecutionRecord } from '../../request/request-recorder.ts';
import type { Send, SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * Logs the messages of subgraph errors that clients must not see. Returns a function that maps each of these
 * errors to the id of its log entry, and all other errors to undefined.
 */
export type MaskErrors = (
  service: string,
  errors: readonly SubgraphError[],
) => (error: SubgraphError) => string | undefined;

/**
 * A call to a subgraph whose response several fetches of an execution use. `record` belongs to the fetch that
 * has sent the call.
 */
export type SharedCall = {
  readonly response: Promise<SubgraphResponse>;
  readonly record: FetchRecord | undefined;
};

/** The state of one execution: the merged data and the errors so far. */
export type Execution = {
  readonly operation: CompiledOperation;
  /** Variable values with default values filled in. They decide about `@skip` and `@include`. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Variable values to send to subgraphs: default values are not filled in. */
  readonly sent: Readonly<Record<string, unknown>>;
  readonly send: Send;
  readonly signal: CancelSignal;
  readonly allowedExtensions: ReadonlySet<string>;
  readonly maskErrors: MaskErrors | undefined;
  /** True if the first error ends the request (error behavior `HALT`). */
  readonly halts: boolean;
  /**
   * Stored values that may replace those of failing subgraphs (stale-if-error); undefined if the router
   * stores none.
   */
  readonly stale: OwnStaleValues | undefined;
  /** Receives the times and the outcome of each fetch; undefined if the execution is not recorded. */
  readonly record: ExecutionRecord | undefined;
  readonly root: JsonObject;
  readonly copies: Copies;
  /**
   * Objects that each fetch returned, by fetch index. The objects nested in them are also part of the merged
   * data, so that fields added by later fetches are in both.
   */
  readonly delivered: (readonly JsonObject[] | undefined)[];
  readonly errorCollector: ErrorCollector;
  /** Response names of the fields that this request's values of `@skip` and `@include` select. */
  readonly response: ResponseShape;
  /**
   * Lists of the objects at the paths of fetches. Fetches with the same path share one list, so it is
   * collected only once. Its index is the index of the first of these fetches (`FetchProgram.collectedBy`).
   */
  readonly collected: (readonly JsonObject[] | undefined)[];
  /**
   * Calls that several fetches of the plan share; undefined until there is one. The key consists of subgraph
   * and body.
   */
  calls: Map<string, SharedCall> | undefined;
  /**
   * Queries that wait for the end of this turn of the event loop, to be sent in one request. The key is the
   * subgraph. Undefined until there is one.
   */
  waiting: Map<string, WaitingQuery[]> | undefined;
  /**
   * Requests already sent with a selection that several fetches of the plan have: later fetches can use their
   * responses. The key is the id of the selection. Undefined until there is one.
   */
  requested: Map<number, RequestedEntities[]> | undefined;
  /**
   * Coordinates of fields requested in a call that failed after it had been sent; undefined if no call
   * failed.
   */
  fieldsWithoutResponse: Set<string> | undefined;
};

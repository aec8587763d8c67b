import type { WaitingQuery } from '../entity-batching/waiting-query.ts';
import type { CompiledOperation } from '../compile/compile.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { Copies } from '../compile/merge.ts';
import type { ErrorCollector } from '../errors/error-collector.ts';
import type { ResponseShape } from '../response/response-shape.ts';
import type { OwnStaleValues } from '../stale/stale-values.ts';
import type { Send, SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

/** Logs the messages of a subgraph's errors that clients must not see; the function returned gives the log id of a masked error. */
export type MaskErrors = (
  service: string,
  errors: readonly SubgraphError[],
) => (error: SubgraphError) => string | undefined;

/** The state of one execution: the merged tree, and the errors so far. */
export type Execution = {
  readonly operation: CompiledOperation;
  /** With all defaults, for conditions. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Without defaults, for subgraphs. */
  readonly sent: Readonly<Record<string, unknown>>;
  readonly send: Send;
  readonly signal: AbortSignal;
  readonly allowedExtensions: ReadonlySet<string>;
  readonly maskErrors: MaskErrors | undefined;
  /** The first error ends the request. */
  readonly halts: boolean;
  /** Absent where nothing is kept. */
  readonly stale: OwnStaleValues | undefined;
  readonly root: JsonObject;
  readonly copies: Copies;
  /** By fetch: the objects of its answer, as they were merged. */
  readonly delivered: (readonly JsonObject[] | undefined)[];
  readonly errorCollector: ErrorCollector;
  /** What the answer will hold. */
  readonly response: ResponseShape;
  /** By `FetchProgram.collectedBy`: the objects found below a fetch's data. */
  readonly collected: (readonly JsonObject[] | undefined)[];
  /** Calls made so far, for those that are made twice; by service and body. */
  readonly calls: Map<string, Promise<SubgraphResponse>>;
  /** Queries that wait for the end of this turn, by service, so that they can travel together. */
  readonly waiting: Map<string, WaitingQuery[]>;
  /** Coordinates of fields that were requested from a subgraph in a call that failed after it had been sent. */
  readonly fieldsWithoutResponse: Set<string>;
};

import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { Send, SubgraphResponse } from '../../request/subgraph-request.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { JointFetch, MergeableFetch, MergedDocuments } from './merged-documents.ts';

/** The query of an entity fetch. */
export type EntityQuery = {
  readonly fetch: MergeableFetch & { readonly index: number; readonly joint: JointFetch | undefined };
  /** Objects for which the fetch requests fields. */
  readonly targets: readonly JsonObject[];
  /**
   * For each object in `targets`, the index of its representation; undefined if each object has its own, in
   * the same order.
   */
  readonly indices: readonly number[] | undefined;
  /**
   * JSON texts of the representations, without duplicates. If another fetch of the plan has the same
   * selection, they are sorted, so that the representations of both can be merged.
   */
  readonly representations: readonly string[];
  readonly record: FetchRecord | undefined;
};

/**
 * A query that waits to be sent together with other queries to the same subgraph. `settle` passes the
 * response to the fetch that waits for it; `reject` is called only if a bug prevents sending.
 */
export type WaitingQuery = EntityQuery & {
  readonly settle: (response: SubgraphResponse | PromiseLike<SubgraphResponse>) => void;
  readonly reject: (bug: unknown) => void;
};

/** Entities that an execution has requested with one selection. */
export type RequestedEntities = {
  /** Representations of the requested entities, sorted. */
  readonly representations: readonly string[];
  /** Response that contains the entities in the order of `representations`. */
  readonly response: Promise<SubgraphResponse>;
  /**
   * True if the entities were requested together with those of other queries. If that request fails because
   * it was merged, its response must not be used for further queries.
   */
  readonly isMerged: boolean;
  readonly record: FetchRecord | undefined;
};

/** The parts of an execution that are used to merge queries. */
export type BatchingExecution = {
  readonly operation: {
    readonly kind: 'query' | 'mutation';
    readonly plan: { readonly mergedDocuments: MergedDocuments };
  };
  /** Values of the client's variables as sent to subgraphs: default values are not filled in. */
  readonly sent: Readonly<Record<string, unknown>>;
  readonly send: Send;
  readonly signal: CancelSignal;
  /** Queries that wait for the end of this event loop turn, by subgraph; undefined before the first query. */
  waiting: Map<string, WaitingQuery[]> | undefined;
  /**
   * Entities that were already requested, by the id of the selection; undefined until the first are recorded.
   * Only selections that several fetches of the plan have are recorded.
   */
  requested: Map<number, RequestedEntities[]> | undefined;
};

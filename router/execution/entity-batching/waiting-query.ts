import type { CancelSignal } from '../../request/cancel-signal.ts';
import type { Send, SubgraphRequest, SubgraphResponse } from '../../request/subgraph-request.ts';
import type { MergeableFetch, MergedDocuments } from './merged-documents.ts';

/** The query of a fetch as it would be sent alone. */
export type EntityQuery = {
  readonly fetch: MergeableFetch;
  readonly representations: readonly string[];
  readonly request: SubgraphRequest;
};

/**
 * A query that waits to be sent together with other queries to the same subgraph. `settle` resolves its
 * promise with the response.
 */
export type WaitingQuery = EntityQuery & {
  readonly settle: (response: SubgraphResponse | PromiseLike<SubgraphResponse>) => void;
};

/** The parts of an execution that are used to merge queries. */
export type BatchingExecution = {
  readonly operation: { readonly plan: { readonly mergedDocuments: MergedDocuments } };
  /** Values of the client's variables without defaults, as they are sent to subgraphs. */
  readonly sent: Readonly<Record<string, unknown>>;
  readonly send: Send;
  readonly signal: CancelSignal;
  /** Queries that wait for the end of this turn of the event loop, by subgraph. */
  readonly waiting: Map<string, WaitingQuery[]>;
};

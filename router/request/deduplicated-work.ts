/** Ids of the requests whose work this request used instead of repeating it. They are only logged. */
export type DeduplicatedWork = {
  /** Id of the request that executed the whole operation. */
  deduplicatedBy?: string;
  /**
   * Ids of the requests whose subgraph calls this request used, by subgraph. If there are several for a
   * subgraph, it is the last one.
   */
  deduplicatedCalls?: Record<string, string>;
};

/** Returns whether the request has used work of another request. */
export function hasDeduplicatedWork({ deduplicatedBy, deduplicatedCalls }: DeduplicatedWork): boolean {
  return deduplicatedBy !== undefined || deduplicatedCalls !== undefined;
}

/**
 * Ids of the requests whose results this request used instead of repeating their work. The ids are only
 * logged.
 */
export type DeduplicatedWork = {
  /** Id of the request that executed the whole operation. */
  deduplicatedBy?: string;
  /**
   * Ids of the requests whose subgraph calls this request used, by subgraph name. If it used calls of several
   * requests to one subgraph, only the last id is kept.
   */
  deduplicatedCalls?: Record<string, string>;
};

/** Returns whether the request has used work of another request. */
export function hasDeduplicatedWork({ deduplicatedBy, deduplicatedCalls }: DeduplicatedWork): boolean {
  return deduplicatedBy !== undefined || deduplicatedCalls !== undefined;
}

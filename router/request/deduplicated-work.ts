/**
 * Ids of the requests whose results this request used instead of repeating their work. The ids are only
 * logged.
 */
export type DeduplicatedWork = {
  /** Id of the request that executed the operation for this request; absent if this request executed it. */
  deduplicatedBy?: string;
  /**
   * For each subgraph, by name, the id of the request whose subgraph call this request used. If it used calls
   * of several requests, only the last id is kept.
   */
  deduplicatedCalls?: Record<string, string>;
};

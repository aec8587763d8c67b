/** Ids of requests whose work in flight this request used instead of repeating it, for the log. */
export type DeduplicatedWork = {
  /** Id of the request that executed the whole operation. */
  deduplicatedBy?: string;
  /** Subgraph name to the id of the request that made the call; if there are several calls, the last one. */
  deduplicatedCalls?: Record<string, string>;
};

export function hasDeduplicatedWork({ deduplicatedBy, deduplicatedCalls }: DeduplicatedWork): boolean {
  return deduplicatedBy !== undefined || deduplicatedCalls !== undefined;
}

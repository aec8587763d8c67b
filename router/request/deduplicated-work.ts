/** Ids of the requests whose work in flight this request used instead of repeating it, for its log line. */
export type DeduplicatedWork = {
  /** The request that executed the whole operation. */
  deduplicatedBy?: string;
  /** By subgraph, the request that made the call; of several calls the last. */
  deduplicatedCalls?: Record<string, string>;
};

export function hasDeduplicatedWork({ deduplicatedBy, deduplicatedCalls }: DeduplicatedWork): boolean {
  return deduplicatedBy !== undefined || deduplicatedCalls !== undefined;
}

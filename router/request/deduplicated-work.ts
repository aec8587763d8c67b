/** Ids of the requests whose work this request used instead of repeating it. They are only logged. */
export type DeduplicatedWork = {
  /** Id of the request that executed the whole operation. */
  deduplicatedBy?: string;
  /** Ids of the requests whose calls were used, by subgraph. A subgraph has only the id of the last one. */
  deduplicatedCalls?: Record<string, string>;
};

/** Returns whether the request has used work of another request. */
export function hasDeduplicatedWork({ deduplicatedBy, deduplicatedCalls }: DeduplicatedWork): boolean {
  return deduplicatedBy !== undefined || deduplicatedCalls !== undefined;
}

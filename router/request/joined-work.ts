/** Requests whose work in flight another one has joined instead of repeating it, by request id: for its log line. */
export type JoinedWork = {
  /** The request that executed the whole operation. */
  joined?: string;
  /** By subgraph, the request that made the call; of several calls the last. */
  joinedCalls?: Record<string, string>;
};

export function joinedAny({ joined, joinedCalls }: JoinedWork): boolean {
  return joined !== undefined || joinedCalls !== undefined;
}

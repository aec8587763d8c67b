/**
 * Error of a request that the condition `graphs.NAME.when` has assigned to a contract (configured part of the
 * graph). It names the contract for the log; the client receives the error in `cause`.
 */
export class GraphFailure extends Error {
  readonly graph: string;

  constructor(graph: string, cause: unknown) {
    super(`request to graph ${graph} failed`, { cause });
    this.name = 'GraphFailure';
    this.graph = graph;
  }
}

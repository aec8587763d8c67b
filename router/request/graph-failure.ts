/**
 * Failure of a request that the router has assigned to a contract (configured part of the graph), because it
 * meets the contract's condition `graphs.NAME.when`. The class adds the contract's name for the log. The
 * client receives the error in `cause`.
 */
export class GraphFailure extends Error {
  readonly graph: string;

  constructor(graph: string, cause: unknown) {
    super(`request to graph ${graph} failed`, { cause });
    this.name = 'GraphFailure';
    this.graph = graph;
  }
}

/**
 * Failure of a request to a contract (configured part of the graph) that the router has selected by the
 * contract's condition `graphs.NAME.when`. It adds the contract's name for the log. `cause` is the error that
 * the client receives.
 */
export class GraphFailure extends Error {
  readonly graph: string;

  constructor(graph: string, cause: unknown) {
    super(`request to graph ${graph} failed`, { cause });
    this.name = 'GraphFailure';
    this.graph = graph;
  }
}

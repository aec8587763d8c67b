/**
 * Failure of a request for a contract that was chosen by its condition (`graphs.NAME.when`). The log names
 * the contract. `cause` is the error to respond with.
 */
export class GraphFailure extends Error {
  readonly graph: string;

  constructor(graph: string, cause: unknown) {
    super(`request to graph ${graph} failed`, { cause });
    this.name = 'GraphFailure';
    this.graph = graph;
  }
}

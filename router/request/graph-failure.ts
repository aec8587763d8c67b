/**
 * Failure of a request that the router served with a contract, because the request met the contract's
 * condition (`graphs.NAME.when`). The log names the contract. `cause` is the error that the client receives.
 */
export class GraphFailure extends Error {
  readonly graph: string;

  constructor(graph: string, cause: unknown) {
    super(`request to graph ${graph} failed`, { cause });
    this.name = 'GraphFailure';
    this.graph = graph;
  }
}

/**
 * The identity of a caller and every forwarded header, as one text. Requests with equal scopes get equal responses from subgraphs, so
 * only they may share calls, executions and private stale values.
 */
export type Scope = string;

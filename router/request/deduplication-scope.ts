/**
 * Text of the caller's identity and of all forwarded headers. Requests with equal scopes get equal responses
 * from subgraphs. Only they may share calls, executions and private stale values.
 */
export type Scope = string;

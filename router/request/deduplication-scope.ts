/**
 * Text of the caller's identity and every forwarded header. Requests with equal scopes get equal subgraph
 * responses, so only they may share calls, executions and private stale values.
 */
export type Scope = string;

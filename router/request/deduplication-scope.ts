/**
 * Text that contains the caller's identity and all forwarded headers. Requests with equal texts get equal
 * responses from subgraphs. Only such requests may share calls, executions and private stale values.
 */
export type Scope = string;

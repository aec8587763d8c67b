/**
 * Text that contains the caller's identity and all forwarded headers. Requests with equal texts get equal
 * responses from subgraphs. Only such requests may share subgraph calls, executions, and stored private
 * values that replace those of a failed subgraph.
 */
export type Scope = string;

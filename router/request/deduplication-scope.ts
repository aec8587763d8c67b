/**
 * Text that contains the caller's identity and all forwarded headers. Two requests with equal texts get equal
 * responses from subgraphs. Only such requests may share subgraph calls, executions and stored private values
 * (for use when a subgraph fails).
 */
export type Scope = string;

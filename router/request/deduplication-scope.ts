/**
 * Text that contains the caller's identity and all forwarded headers. Requests with equal texts get equal
 * responses from subgraphs. Only such requests may share subgraph calls, executions, and earlier private
 * values that replace missing ones if a subgraph fails.
 */
export type Scope = string;

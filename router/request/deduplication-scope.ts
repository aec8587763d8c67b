/**
 * Text that contains the caller's identity and all forwarded headers. Requests with equal texts get equal
 * responses from subgraphs. Only they may share subgraph calls and executions, and only they may receive the
 * same stored private values while a subgraph is failing.
 */
export type Scope = string;

import type { SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * Outcome of a call for circuit breakers and load balancing:
 * - `success`: a usable response
 * - `failure`: an unusable response
 * - `timeout`: no complete response in time
 * - `unreachable`: no response at all
 * - `ignored`: a failure that the client or the router caused
 */
export type CallOutcome = 'success' | 'failure' | 'timeout' | 'unreachable' | 'ignored';

/** Response to a call, with the outcome that counts for circuit breakers and load balancing. */
export type CallResult = {
  readonly response: SubgraphResponse;
  readonly outcome: CallOutcome;
  /** Details of a failure for the log; clients must not see them. */
  readonly cause?: unknown;
};

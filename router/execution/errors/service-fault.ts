import type { ErrorCode } from '../../shared/errors.ts';
import type { SubgraphFailure } from '../../request/subgraph-request.ts';

const FAULTS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'SUBGRAPH_UNAVAILABLE',
  'SUBGRAPH_TIMEOUT',
  'SUBGRAPH_CIRCUIT_OPEN',
  'SUBGRAPH_OVERLOADED',
  'SUBGRAPH_HTTP_ERROR',
  'SUBGRAPH_INVALID_RESPONSE',
  'SUBGRAPH_RESPONSE_TOO_LARGE',
]);

/**
 * Returns whether a call failed because its subgraph is failing. Only then may fallbacks and stale values be
 * used. A subgraph that rejects a request is not failing.
 */
export function isServiceFault({ code, isRejection }: SubgraphFailure): boolean {
  return isRejection !== true && FAULTS.has(code);
}

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

/** Whether a call failed for reasons of the service, so that something else may stand in for its answer: a refusal is an answer. */
export function isServiceFault({ code, isRejection }: SubgraphFailure): boolean {
  return isRejection !== true && FAULTS.has(code);
}

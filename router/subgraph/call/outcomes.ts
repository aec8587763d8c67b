import type { SubgraphError, SubgraphFailure } from '../../request/subgraph-request.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { CallResult, CallOutcome } from './call-result.ts';

type BlockDetails = Pick<
  SubgraphFailure,
  'retryAfterMs' | 'breaker' | 'blockedFields' | 'isRejection' | 'isUnsent'
>;

/**
 * Functions that create the results of failed calls, one for each kind of failure. Clients may receive the
 * message of a result, so it names the subgraph and the failure, but never an address, a body or a stack
 * trace.
 */

export function unreachable(service: string, cause: unknown): CallResult {
  const message = `${service} could not be reached`;
  return { ...failed(service, 'SUBGRAPH_UNAVAILABLE', 'unreachable', message), cause };
}

/**
 * Returns the result of a call to an address to which the router no longer connects, because the supergraph
 * has changed or the router is stopping.
 */
export function disconnected(service: string): CallResult {
  return failed(service, 'SUBGRAPH_UNAVAILABLE', 'ignored', `${service} is no longer called at this address`);
}

export function timedOut(service: string, outcome: CallOutcome): CallResult {
  return failed(service, 'SUBGRAPH_TIMEOUT', outcome, `${service} did not respond in time`);
}

export function circuitOpen(service: string, details: BlockDetails): CallResult {
  const message = `${blockedPart(service, details)} has failed too often and is not being called for a while`;
  return failed(service, 'SUBGRAPH_CIRCUIT_OPEN', 'ignored', message, { ...details, isUnsent: true });
}

/**
 * Returns the result of a call that is blocked because an operator has forced a circuit breaker open. It has
 * no `retryAfterMs`, because only another command of an operator unblocks such calls.
 */
export function forcedOpen(service: string, details: BlockDetails): CallResult {
  const message = `${blockedPart(service, details)} is blocked by an operator`;
  return failed(service, 'SUBGRAPH_CIRCUIT_OPEN', 'ignored', message, {
    ...details,
    breaker: 'open',
    isUnsent: true,
  });
}

/**
 * Returns the subject of an error message for clients: the subgraph, or "a part of" it if only fields are
 * blocked. The fields are not named, because some clients must not know all fields.
 */
function blockedPart(service: string, { blockedFields }: BlockDetails): string {
  return blockedFields === undefined ? service : `a part of ${service}`;
}

export function overloaded(service: string, retryAfterMs: number): CallResult {
  const message = `too many calls to ${service} are in flight`;
  return failed(service, 'SUBGRAPH_OVERLOADED', 'ignored', message, { retryAfterMs, isUnsent: true });
}

export function httpError(service: string, status: number, outcome: CallOutcome): CallResult {
  const message = `${service} returned HTTP status ${status}`;
  return failed(
    service,
    'SUBGRAPH_HTTP_ERROR',
    outcome,
    message,
    outcome === 'ignored' ? { isRejection: true } : {},
  );
}

/**
 * Adds the errors of the subgraph's response to a failure, so that clients receive them instead of a general
 * message.
 */
export function withErrors(result: CallResult, errors: readonly SubgraphError[]): CallResult {
  if (result.response.kind === 'received') return result;
  const failure = { ...result.response.failure, errors };
  return { ...result, response: { kind: 'failed', failure } };
}

/**
 * Creates the result of a call with an unusable response. `defect` completes the message "the response of
 * SERVICE …", for example with "is not HTTP".
 */
export function invalidResponse(service: string, defect: string): CallResult {
  return failed(service, 'SUBGRAPH_INVALID_RESPONSE', 'failure', `the response of ${service} ${defect}`);
}

export function tooLarge(service: string): CallResult {
  const message = `the response of ${service} is larger than the limit`;
  return failed(service, 'SUBGRAPH_RESPONSE_TOO_LARGE', 'failure', message);
}

export function cancelled(service: string): CallResult {
  return failed(service, 'REQUEST_CANCELLED', 'ignored', `the call to ${service} was cancelled`);
}

export function notSent(service: string, cause: unknown): CallResult {
  const message = `the call to ${service} could not be made`;
  return { ...failed(service, 'INTERNAL_SERVER_ERROR', 'ignored', message), cause };
}

function failed(
  service: string,
  code: ErrorCode,
  outcome: CallOutcome,
  message: string,
  details: BlockDetails = {},
): CallResult {
  return { response: { kind: 'failed', failure: { code, service, message, ...details } }, outcome };
}

/** Marks a failed call as never sent, so that it may be sent again safely. */
export function unsent(result: CallResult): CallResult {
  const { response } = result;
  if (response.kind !== 'failed') return result;
  return { ...result, response: { kind: 'failed', failure: { ...response.failure, isUnsent: true } } };
}

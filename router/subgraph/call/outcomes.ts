import type { SubgraphError, SubgraphFailure } from '../../request/subgraph-request.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { Outcome, Verdict } from './call.ts';

type RefusalDetails = Pick<
  SubgraphFailure,
  'retryAfterMs' | 'breaker' | 'heldBack' | 'isRefusal' | 'isUnsent'
>;

/*
 * Every way a call can fail. Messages reach clients: they name the service and what happened, never an address,
 * a body or a stack.
 */

export function unreachable(service: string, cause: unknown): Outcome {
  const message = `${service} could not be reached`;
  return { ...failed(service, 'SUBGRAPH_UNAVAILABLE', 'unreachable', message), cause };
}

/** The address went away under the call: the supergraph changed or the router is stopping. */
export function disconnected(service: string): Outcome {
  return failed(service, 'SUBGRAPH_UNAVAILABLE', 'neutral', `${service} is no longer called at this address`);
}

export function timedOut(service: string, verdict: Verdict): Outcome {
  return failed(service, 'SUBGRAPH_TIMEOUT', verdict, `${service} did not answer in time`);
}

export function circuitOpen(service: string, details: RefusalDetails): Outcome {
  const message = `${refusedPart(service, details)} has failed too often and is not being called for a while`;
  return failed(service, 'SUBGRAPH_CIRCUIT_OPEN', 'neutral', message, { ...details, isUnsent: true });
}

/** By hand: when that ends is not known. */
export function heldOpen(service: string, details: RefusalDetails): Outcome {
  const message = `${refusedPart(service, details)} is not being called until its operators allow it`;
  return failed(service, 'SUBGRAPH_CIRCUIT_OPEN', 'neutral', message, {
    ...details,
    breaker: 'open',
    isUnsent: true,
  });
}

/** Not by its name: a field may be one that clients cannot see. */
function refusedPart(service: string, { heldBack }: RefusalDetails): string {
  return heldBack === undefined ? service : `a part of ${service}`;
}

export function overloaded(service: string, retryAfterMs: number): Outcome {
  const message = `too many calls to ${service} are under way`;
  return failed(service, 'SUBGRAPH_OVERLOADED', 'neutral', message, { retryAfterMs, isUnsent: true });
}

export function httpError(service: string, status: number, verdict: Verdict): Outcome {
  const message = `${service} answered with HTTP status ${status}`;
  return failed(
    service,
    'SUBGRAPH_HTTP_ERROR',
    verdict,
    message,
    verdict === 'neutral' ? { isRefusal: true } : {},
  );
}

/** The failure, with the errors by which the service itself explains it. */
export function withErrors(outcome: Outcome, errors: readonly SubgraphError[]): Outcome {
  if (outcome.response.kind === 'answered') return outcome;
  const failure = { ...outcome.response.failure, errors };
  return { ...outcome, response: { kind: 'failed', failure } };
}

/** `defect` completes the sentence "the answer of SERVICE …". */
export function invalidResponse(service: string, defect: string): Outcome {
  return failed(service, 'SUBGRAPH_INVALID_RESPONSE', 'ill', `the answer of ${service} ${defect}`);
}

export function tooLarge(service: string): Outcome {
  const message = `the answer of ${service} is larger than the limit`;
  return failed(service, 'SUBGRAPH_RESPONSE_TOO_LARGE', 'ill', message);
}

export function cancelled(service: string): Outcome {
  return failed(service, 'REQUEST_CANCELLED', 'neutral', `the call to ${service} was cancelled`);
}

export function notSent(service: string, cause: unknown): Outcome {
  const message = `the call to ${service} could not be made`;
  return { ...failed(service, 'INTERNAL_SERVER_ERROR', 'neutral', message), cause };
}

function failed(
  service: string,
  code: ErrorCode,
  verdict: Verdict,
  message: string,
  details: RefusalDetails = {},
): Outcome {
  return { response: { kind: 'failed', failure: { code, service, message, ...details } }, verdict };
}

/** Marks a failure of a call of which nothing has left the router. */
export function unsent(outcome: Outcome): Outcome {
  const { response } = outcome;
  if (response.kind !== 'failed') return outcome;
  return { ...outcome, response: { kind: 'failed', failure: { ...response.failure, isUnsent: true } } };
}

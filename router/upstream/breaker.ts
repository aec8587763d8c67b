import type { Outcome, SendCall } from './call.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import { circuitOpen, heldOpen } from './outcomes.ts';

/** Until a half-open breaker has room for one more call. */
const PROBING_RETRY_AFTER_MS = 1_000;

/** Refuses calls while the breaker does, and tells it how the others went. */
export function withBreaker(send: SendCall, service: string, breaker: CircuitBreaker): SendCall {
  return async (call) => {
    const permit = breaker.admit();
    if (permit === undefined) return refused(service, breaker);
    const outcome = await send(call);
    breaker.settle(permit, outcome.verdict);
    return explained(outcome, breaker);
  };
}

/** Opens for nobody but who holds it by hand. */
export function withIdleBreaker(send: SendCall, service: string, breaker: CircuitBreaker): SendCall {
  return async (call) => {
    const permit = breaker.admit();
    if (permit === undefined) return refused(service, breaker);
    breaker.settle(permit, 'healthy');
    return send(call);
  };
}

function refused(service: string, breaker: CircuitBreaker): Outcome {
  if (breaker.isForced) return heldOpen(service);
  const retryAfterMs = breaker.retryAfterMs ?? PROBING_RETRY_AFTER_MS;
  return circuitOpen(service, { retryAfterMs, breaker: breaker.state });
}

function explained(outcome: Outcome, { state, retryAfterMs }: CircuitBreaker): Outcome {
  if (outcome.response.kind === 'answered') return outcome;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const failure = { ...outcome.response.failure, breaker: state, ...wait };
  return { ...outcome, response: { kind: 'failed', failure } };
}

import type { FetchFields } from '../../request/subgraph-request.ts';
import type { Outcome, SendCall } from '../call/call.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { FieldBreakers, Judgement, Watched } from './field-breakers.ts';
import { illFields, isIll, isOverloadRejection } from './classify-response.ts';
import { circuitOpen, heldOpen } from '../call/outcomes.ts';

export type Breakers = {
  readonly service: string;
  readonly breaker: CircuitBreaker;
  readonly fields: FieldBreakers;
};

export type BreakerOptions = {
  /** Codes of errors by which a subgraph says that it is ill. */
  readonly errorCodes: ReadonlySet<unknown>;
  /** An answer that takes so long is taken for illness. */
  readonly slowMs: number | undefined;
  readonly monotonic: () => number;
};

/** Until a half-open breaker has room for one more call. */
const PROBING_RETRY_AFTER_MS = 1_000;
const NOBODY: readonly string[] = [];
const WELL: Judgement = { verdict: 'healthy', accused: NOBODY };

/** Refuses calls while the breaker of the service or of a field does, and tells them how the others went. */
export function withBreakers(
  send: SendCall,
  breakers: Breakers,
  { errorCodes, slowMs, monotonic }: BreakerOptions,
): SendCall {
  const { service, breaker, fields } = breakers;
  return async (call) => {
    const asked = call.request.fields;
    const permit = breaker.admit();
    if (permit === undefined) return refused(service, breaker);
    const admission = fields.admit(asked?.coordinates);
    if (admission.kind === 'refused') {
      breaker.settle(permit, 'neutral');
      return withoutFields(service, admission.heldBack);
    }
    const began = slowMs === undefined ? 0 : monotonic();
    const outcome = await send(call);
    const isSlow = slowMs !== undefined && monotonic() - began >= slowMs;
    const judgement = isSlow ? judgeSlow(outcome, asked) : judge(outcome, asked, errorCodes);
    breaker.settle(permit, fields.settle(admission.permits, judgement));
    return explained(outcome, breaker);
  };
}

/** Breakers that are switched off: they open for nobody but who holds them by hand. */
export function withIdleBreakers(send: SendCall, { service, breaker, fields }: Breakers): SendCall {
  return async (call) => {
    const permit = breaker.admit();
    if (permit === undefined) return refused(service, breaker);
    breaker.settle(permit, 'healthy');
    const admission = fields.admit(call.request.fields?.coordinates);
    if (admission.kind === 'refused') return withoutFields(service, admission.heldBack);
    fields.settle(admission.permits, WELL);
    return send(call);
  };
}

function judge(
  { response, verdict }: Outcome,
  asked: FetchFields | undefined,
  errorCodes: ReadonlySet<unknown>,
): Judgement {
  if (response.kind === 'failed')
    return { verdict, accused: (verdict === 'late' ? asked?.coordinates : undefined) ?? NOBODY };
  // An answer may come with the status of a failure.
  if (verdict === 'ill') return { verdict, accused: NOBODY };
  const harmless: Judgement = verdict === 'healthy' ? WELL : { verdict, accused: NOBODY };
  if (response.errors.length === 0) return harmless;
  // Neither a success nor a failure: the service works, and has not done what this call needs.
  if (!errorCodes.has('OVERLOADED') && isOverloadRejection(response))
    return { verdict: 'neutral', accused: NOBODY };
  if (asked === undefined)
    return isIll(response, errorCodes) ? { verdict: 'ill', accused: NOBODY } : harmless;
  const accused = illFields(response, asked, errorCodes);
  return accused.length === 0 ? harmless : { verdict: 'ill', accused };
}

function judgeSlow({ response, verdict }: Outcome, asked: FetchFields | undefined): Judgement {
  const isLate = response.kind === 'answered' || verdict === 'late';
  return isLate ? { verdict: 'late', accused: asked?.coordinates ?? NOBODY } : { verdict, accused: NOBODY };
}

function refused(service: string, breaker: CircuitBreaker): Outcome {
  return breaker.isForced
    ? heldOpen(service, {})
    : circuitOpen(service, { breaker: breaker.state, retryAfterMs: waitOf(breaker) });
}

function withoutFields(service: string, watched: readonly Watched[]): Outcome {
  const heldBack = watched.map(({ coordinate }) => coordinate);
  if (watched.some(({ breaker }) => breaker.isForced)) return heldOpen(service, { heldBack });
  const breaker = watched.some((held) => held.breaker.state === 'open') ? 'open' : 'half-open';
  const retryAfterMs = Math.max(...watched.map((held) => waitOf(held.breaker)));
  return circuitOpen(service, { heldBack, breaker, retryAfterMs });
}

function waitOf({ retryAfterMs = PROBING_RETRY_AFTER_MS }: CircuitBreaker): number {
  return retryAfterMs;
}

function explained(outcome: Outcome, { state, retryAfterMs }: CircuitBreaker): Outcome {
  if (outcome.response.kind === 'answered') return outcome;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const failure = { ...outcome.response.failure, breaker: state, ...wait };
  return { ...outcome, response: { kind: 'failed', failure } };
}

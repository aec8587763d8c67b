import type { FetchFields } from '../../request/subgraph-request.ts';
import type { Call, CallPath } from '../call/call.ts';
import type { CallResult } from '../call/call-result.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { Attribution, FieldBreakers, FieldPermit, TrackedField } from './field-breakers.ts';
import { failedFields, isFailure, isOverloadRejection } from './classify-response.ts';
import { circuitOpen, forcedOpen } from '../call/outcomes.ts';

export type Breakers = {
  readonly service: string;
  readonly breaker: CircuitBreaker;
  readonly fields: FieldBreakers;
};

export type BreakerOptions = {
  /** Values of `extensions.code` with which an error in a response counts as a failure of the subgraph. */
  readonly errorCodes: ReadonlySet<unknown>;
  /**
   * Milliseconds after which even a complete response counts as a timeout; undefined if slow responses are
   * accepted.
   */
  readonly slowMs: number | undefined;
  readonly monotonic: () => number;
};

/** Milliseconds until a half-open breaker is likely to admit another call. */
const PROBING_RETRY_AFTER_MS = 1_000;
const NO_PERMITS: readonly FieldPermit[] = [];
const NO_SUSPECTS: readonly string[] = [];
const SUCCESS: Attribution = { outcome: 'success', suspects: NO_SUSPECTS };

/**
 * Wraps `path` with circuit breakers: a call is blocked while the breaker of the subgraph, or of a requested
 * field, is open. The outcome of each call that is not blocked is recorded for these breakers.
 */
export function withBreakers(path: CallPath, breakers: Breakers, options: BreakerOptions): CallPath {
  const { service, breaker, fields } = breakers;
  return (settle) => {
    // Permits of field breakers, by call in flight. There are none while the subgraph is healthy.
    const fieldPermits = new Map<Call, readonly FieldPermit[]>();
    const send = path((call, result) => {
      const permits = fieldPermits.get(call) ?? NO_PERMITS;
      fieldPermits.delete(call);
      const attribution = attribute(call, result, options);
      breaker.settle(call.permit, fields.settle(permits, attribution));
      settle(call, withBreakerState(result, breaker));
    });
    return (call) => {
      const { record, fields: requested } = call.request;
      const permit = breaker.admit();
      record?.passedBreaker(breaker.state);
      if (permit === undefined) return settle(call, blocked(service, breaker));
      const admission = fields.admit(requested?.coordinates);
      if (admission.kind === 'rejected') {
        breaker.settle(permit, 'ignored');
        record?.passedBreaker('open');
        return settle(call, blockedByFields(service, admission.blockedFields));
      }
      call.permit = permit;
      if (admission.permits.length > 0) fieldPermits.set(call, admission.permits);
      send(call);
    };
  };
}

/**
 * Replaces `withBreakers` if the configuration disables circuit breakers. A call is then blocked only while
 * an operator has forced a breaker open.
 */
export function withManualBreakers(path: CallPath, { service, breaker, fields }: Breakers): CallPath {
  return (settle) => {
    const send = path(settle);
    return (call) => {
      const { record } = call.request;
      const permit = breaker.admit();
      record?.passedBreaker(breaker.isForced ? breaker.state : 'off');
      if (permit === undefined) return settle(call, blocked(service, breaker));
      breaker.settle(permit, 'success');
      const admission = fields.admit(call.request.fields?.coordinates);
      if (admission.kind === 'rejected')
        return settle(call, blockedByFields(service, admission.blockedFields));
      fields.settle(admission.permits, SUCCESS);
      send(call);
    };
  };
}

function attribute(
  { request, startedAt }: Call,
  result: CallResult,
  { errorCodes, slowMs, monotonic }: BreakerOptions,
): Attribution {
  const isSlow = slowMs !== undefined && monotonic() - startedAt >= slowMs;
  return isSlow ? attributeSlow(result, request.fields) : attributeResult(result, request.fields, errorCodes);
}

function attributeResult(
  { response, outcome }: CallResult,
  requested: FetchFields | undefined,
  errorCodes: ReadonlySet<unknown>,
): Attribution {
  if (response.kind === 'failed')
    return { outcome, suspects: (outcome === 'timeout' ? requested?.coordinates : undefined) ?? NO_SUSPECTS };
  // A response with an error status, such as 500, counts as a failure of the whole subgraph and not of
  // fields, even if its body is a GraphQL response.
  if (outcome === 'failure') return { outcome, suspects: NO_SUSPECTS };
  const unattributed: Attribution = outcome === 'success' ? SUCCESS : { outcome, suspects: NO_SUSPECTS };
  if (response.errors.length === 0) return unattributed;
  // A rejection because of overload counts neither as success nor as failure: the subgraph is healthy, but
  // has not run the operation.
  if (!errorCodes.has('OVERLOADED') && isOverloadRejection(response))
    return { outcome: 'ignored', suspects: NO_SUSPECTS };
  if (requested === undefined)
    return isFailure(response, errorCodes) ? { outcome: 'failure', suspects: NO_SUSPECTS } : unattributed;
  const suspects = failedFields(response, requested, errorCodes);
  return suspects.length === 0 ? unattributed : { outcome: 'failure', suspects };
}

function attributeSlow({ response, outcome }: CallResult, requested: FetchFields | undefined): Attribution {
  const isLate = response.kind === 'received' || outcome === 'timeout';
  return isLate
    ? { outcome: 'timeout', suspects: requested?.coordinates ?? NO_SUSPECTS }
    : { outcome, suspects: NO_SUSPECTS };
}

function blocked(service: string, breaker: CircuitBreaker): CallResult {
  return breaker.isForced
    ? forcedOpen(service, {})
    : circuitOpen(service, { breaker: breaker.state, retryAfterMs: retryDelayOf(breaker) });
}

function blockedByFields(service: string, fields: readonly TrackedField[]): CallResult {
  const blockedFields = fields.map(({ coordinate }) => coordinate);
  if (fields.some(({ breaker }) => breaker.isForced)) return forcedOpen(service, { blockedFields });
  const breaker = fields.some((held) => held.breaker.state === 'open') ? 'open' : 'half-open';
  const retryAfterMs = Math.max(...fields.map((held) => retryDelayOf(held.breaker)));
  return circuitOpen(service, { blockedFields, breaker, retryAfterMs });
}

function retryDelayOf({ retryAfterMs = PROBING_RETRY_AFTER_MS }: CircuitBreaker): number {
  return retryAfterMs;
}

function withBreakerState(result: CallResult, { state, retryAfterMs }: CircuitBreaker): CallResult {
  if (result.response.kind === 'received') return result;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  const failure = { ...result.response.failure, breaker: state, ...wait };
  return { ...result, response: { kind: 'failed', failure } };
}

import { RouterError } from '../shared/errors.ts';
import type { RateLimitDecision, Shortage } from './rate-limiter.ts';

/** Returns the error for a request that exceeds a rate limit. */
export function rejectionOf(
  decision: Exclude<RateLimitDecision, { kind: 'admitted' }>,
  cost: number,
): RouterError {
  if (decision.kind === 'rejected') return rateLimited(decision, cost);
  const { affordable, field } = decision;
  return field === undefined ? tooExpensive(cost, affordable) : tooManyCalls(field, affordable);
}

type RejectedDecision = Extract<RateLimitDecision, { kind: 'rejected' }>;

function rateLimited(
  { headers, retryAfterMs, shortage, field }: RejectedDecision,
  cost: number,
): RouterError {
  const seconds = Math.ceil(retryAfterMs / 1_000);
  const wait = `Try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`;
  const reason = field === undefined ? costReason(cost, shortage) : callsReason(field, shortage);
  return new RouterError('RATE_LIMITED', `${reason} ${wait}`, {
    headers,
    extensions: { retryAfterMs, ...shortage, ...(field === undefined ? { cost } : { field }) },
  });
}

function costReason(cost: number, shortage: Shortage | undefined): string {
  const { remaining, limit } = shortage ?? {};
  const left = remaining === undefined ? 'is not available now' : `has ${remaining} of ${limit} points left`;
  return `The request costs ${cost} points and its budget ${left}.`;
}

function callsReason(field: string, shortage: Shortage | undefined): string {
  const { limit = 0, windowMs = 0 } = shortage ?? {};
  return `The rate limit of ${limit} calls of ${field} per ${windowMs / 1_000} seconds is exceeded.`;
}

function tooManyCalls(field: string, limit: number): RouterError {
  const message = `The operation calls ${field} too often; the limit is ${limit} calls.`;
  return new RouterError('COST_ESTIMATED_TOO_EXPENSIVE', message, { extensions: { field, limit } });
}

/** Returns the error for an operation that exceeds the maximum cost. */
export function tooExpensive(cost: number, limit: number): RouterError {
  const message = `The operation costs ${cost} points; the limit for one operation is ${limit}.`;
  return new RouterError('COST_ESTIMATED_TOO_EXPENSIVE', message, { extensions: { cost, limit } });
}

import type { RequestSummary } from '../request/client-request.ts';
import { ERRORS, RouterError, isErrorCode } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';

/**
 * Outcome of a request for the comparison of two supergraph versions. Errors that do not depend on the
 * supergraph do not count as failures.
 */
export type RequestOutcome = { readonly failed: boolean; readonly degraded: boolean };

/**
 * Error codes that do not count as failures in a response with data, because clients cause them under every
 * supergraph version.
 */
const CLIENT_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'RATE_LIMITED',
  'UNAUTHENTICATED',
  'UNAUTHORIZED_FIELD_OR_TYPE',
]);

/**
 * Error codes of rejected requests that count as failures of the supergraph, in addition to those with a
 * status of 500 or more.
 */
const SUPERGRAPH_CODES: ReadonlySet<string> = new Set<ErrorCode>(['OPERATION_NOT_PLANNABLE']);

/** Error codes with a status of 500 or more that are no failure of the supergraph but of the process. */
const PROCESS_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'KEYS_UNAVAILABLE',
  'NOT_READY',
  'OVERLOADED',
  'SHUTTING_DOWN',
]);

/** Returns the outcome of an executed request for the comparison of two supergraph versions. */
export function outcomeOfResponse({ codes = [], degraded = [] }: RequestSummary = {}): RequestOutcome {
  return { failed: codes.some((code) => !CLIENT_CODES.has(code)), degraded: degraded.length > 0 };
}

/**
 * Returns the outcome of a rejected request for the comparison of two supergraph versions. Undefined if the
 * rejection does not depend on the supergraph, such as one for an invalid token.
 */
export function outcomeOfRejection(error: unknown): RequestOutcome | undefined {
  if (!(error instanceof RouterError)) return FAILED;
  const { code } = error;
  const isServerError = isErrorCode(code) && ERRORS[code].status >= 500 && !PROCESS_CODES.has(code);
  return isServerError || SUPERGRAPH_CODES.has(code) ? FAILED : undefined;
}

/** Outcome of a request that counts as a failure of the supergraph. */
export const FAILED: RequestOutcome = { failed: true, degraded: false };

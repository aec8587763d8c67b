import type { RequestSummary } from '../request/client-request.ts';
import { ERRORS, RouterError, isErrorCode } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';

/** Result of a request, as far as it depends on the generation that handled it. */
export type RequestOutcome = { readonly failed: boolean; readonly degraded: boolean };

/** Codes in a response with data that the client causes, whatever the supergraph is. */
const CLIENT_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'BAD_USER_INPUT',
  'NOT_FOUND',
  'RATE_LIMITED',
  'UNAUTHENTICATED',
  'UNAUTHORIZED_FIELD_OR_TYPE',
]);

/** Codes of rejections that depend on the supergraph, beside those with the status of a server error. */
const SUPERGRAPH_CODES: ReadonlySet<string> = new Set<ErrorCode>(['OPERATION_NOT_PLANNABLE']);

/** Codes with the status of a server error that depend on the process, but not on its supergraph. */
const PROCESS_CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'KEYS_UNAVAILABLE',
  'NOT_READY',
  'OVERLOADED',
  'SHUTTING_DOWN',
]);

/** Returns the outcome of a request that was executed. */
export function outcomeOfResponse({ codes = [], degraded = [] }: RequestSummary = {}): RequestOutcome {
  return { failed: codes.some((code) => !CLIENT_CODES.has(code)), degraded: degraded.length > 0 };
}

/**
 * Returns the outcome of a rejected request; undefined if the rejection shows nothing about the supergraph,
 * such as one for a wrong token.
 */
export function outcomeOfRejection(error: unknown): RequestOutcome | undefined {
  if (!(error instanceof RouterError)) return FAILED;
  const { code } = error;
  const isServerError = isErrorCode(code) && ERRORS[code].status >= 500 && !PROCESS_CODES.has(code);
  return isServerError || SUPERGRAPH_CODES.has(code) ? FAILED : undefined;
}

/** Outcome of a request that was rejected because of the supergraph. */
export const FAILED: RequestOutcome = { failed: true, degraded: false };

import type { RequestSummary } from '../../request/client-request.ts';
import { ERRORS, isErrorCode } from '../../shared/errors.ts';

/** Outcome of a response: a value of the label `outcome` of the metric `tributary_responses_total`. */
export type ResponseOutcome = 'ok' | 'partial' | 'rejected' | 'failed';

/** Returns the outcome of a response: whether its operation was executed, and with which result. */
export function outcomeOf({
  status,
  generation,
  codes = [],
  degraded = [],
}: RequestSummary & { readonly status: number }): ResponseOutcome {
  const isExecuted = generation !== undefined;
  if (isExecuted) return codes.length + degraded.length === 0 ? 'ok' : 'partial';
  const [code = ''] = codes;
  // A request rejected because of overload (503) counts as rejected by a limit, like a response with 429.
  if (code === 'OVERLOADED') return 'rejected';
  return (isErrorCode(code) ? ERRORS[code].status : status) >= 500 ? 'failed' : 'rejected';
}

import type { RequestSummary } from '../../request/client-request.ts';
import { ERRORS, isErrorCode } from '../../shared/errors.ts';

/** Outcome of a response, as the label `outcome` of `tributary_responses_total` has it. */
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
  // A request that is shed was rejected by a limit, like one with 429.
  if (code === 'OVERLOADED') return 'rejected';
  return (isErrorCode(code) ? ERRORS[code].status : status) >= 500 ? 'failed' : 'rejected';
}

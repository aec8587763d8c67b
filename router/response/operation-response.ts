import type { ExecutionOutcome } from '../execution/run/execute.ts';
import { ONE_PIECE_BYTES } from '../request/client-request.ts';
import type { ClientResponse, RequestSummary } from '../request/client-request.ts';
import { withoutCaching } from '../trace/without-caching.ts';
import { extensionsOf } from './response-extensions.ts';
import type { Remarks } from './response-extensions.ts';

type ResponseOptions = {
  readonly headers: ClientResponse['headers'];
  readonly summary: RequestSummary;
  /**
   * Members of `extensions` that only the sender of this request receives. Other clients whose requests share
   * the result (deduplication) receive its data and errors, but not these members. Caches must not store a
   * response that has such members.
   */
  readonly extensions?: object | undefined;
};

// JSON text of the response for each execution result. Requests that share a result (deduplication) have the
// same result object, so they share its text too.
const written = new WeakMap<ExecutionOutcome, string | Buffer>();

/**
 * Returns the HTTP response of an executed operation. Its status is 200 even if the response contains errors.
 */
export function operationResponse(
  outcome: ExecutionOutcome & Remarks,
  { headers, summary, extensions }: ResponseOptions,
): ClientResponse {
  const body = extensions === undefined ? sharedBody(outcome) : bodyOf(outcome, extensions);
  const isForCaller = extensions !== undefined || outcome.cost !== undefined;
  return {
    status: 200,
    headers: isForCaller ? withoutCaching(headers) : headers,
    body,
    summary,
  };
}

function sharedBody(outcome: ExecutionOutcome & Remarks): string | Buffer {
  const known = written.get(outcome);
  if (known !== undefined) return known;
  const body = bodyOf(outcome);
  written.set(outcome, body);
  return body;
}

function bodyOf(outcome: ExecutionOutcome & Remarks, own?: object): string | Buffer {
  const text = responseText(outcome, own);
  return text.length < ONE_PIECE_BYTES ? text : Buffer.from(text);
}

/**
 * Returns the JSON text of a response. Its members are in the order that the GraphQL specification
 * recommends: errors first.
 */
function responseText(outcome: ExecutionOutcome & Remarks, own?: object): string {
  const { data, errors } = outcome;
  const head = errors.length > 0 ? `"errors":${JSON.stringify(errors)},` : '';
  const common = extensionsOf(outcome);
  const extensions = own === undefined ? common : { ...common, ...own };
  const tail = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
  return `{${head}"data":${data}${tail}}\n`;
}

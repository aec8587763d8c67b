import type { ExecutionOutcome } from '../execution/run/execute.ts';
import { ONE_PIECE_BYTES } from '../request/client-request.ts';
import type { ClientResponse, MediaType, RequestSummary } from '../request/client-request.ts';
import { extensionsOf } from './response-extensions.ts';
import type { Remarks } from './response-extensions.ts';

type ResponseOptions = {
  readonly mediaType: MediaType;
  readonly headers: ClientResponse['headers'];
  readonly summary: RequestSummary;
};

// JSON texts of responses by their outcome. Requests that shared an execution have the same outcome object,
// so its text is written only once.
const written = new WeakMap<ExecutionOutcome, string | Buffer>();

/** Returns the HTTP response of an executed operation. Its status is 200, whatever the number of errors. */
export function operationResponse(
  outcome: ExecutionOutcome & Remarks,
  { mediaType, headers, summary }: ResponseOptions,
): ClientResponse {
  let body = written.get(outcome);
  if (body === undefined) {
    const text = responseText(outcome);
    body = text.length < ONE_PIECE_BYTES ? text : Buffer.from(text);
    written.set(outcome, body);
  }
  return {
    status: 200,
    headers: { 'content-type': `${mediaType.name}; charset=utf-8`, 'cache-control': 'no-store', ...headers },
    body,
    summary,
  };
}

/**
 * Returns the JSON text of a response, with its members in the order that the specification recommends:
 * errors first.
 */
function responseText({ data, errors, ...remarks }: ExecutionOutcome & Remarks): string {
  const head = errors.length > 0 ? `"errors":${JSON.stringify(errors)},` : '';
  const extensions = extensionsOf(remarks);
  const tail = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
  return `{${head}"data":${data}${tail}}\n`;
}

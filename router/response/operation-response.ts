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

// Requests that shared an execution have the same outcome, and send the same bytes.
const written = new WeakMap<ExecutionOutcome, string | Buffer>();

/** Returns the HTTP response to an operation that was executed: 200, however much of it failed. */
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

/** In the order the specification recommends: errors first. */
function responseText({ data, errors, ...remarks }: ExecutionOutcome & Remarks): string {
  const head = errors.length > 0 ? `"errors":${JSON.stringify(errors)},` : '';
  const extensions = extensionsOf(remarks);
  const tail = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
  return `{${head}"data":${data}${tail}}\n`;
}

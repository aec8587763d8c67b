import type { ClientResponse, MediaType } from '../request/client-request.ts';
import type { ErrorCode, RouterError } from '../shared/errors.ts';

/** Codes of a well-formed request whose document or variables are wrong: GraphQL over HTTP wants 200 for them as `application/json`. */
const WELL_FORMED: ReadonlySet<string> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** The status to send for an answer without data; a client that named `application/json` gets the one of its section of the specification. */
function statusFor(code: string, status: number, mediaType: MediaType): number {
  return mediaType.named && mediaType.name === 'application/json' && WELL_FORMED.has(code) ? 200 : status;
}

/** Identifies a rejected request in its response body, and the cause in the log where it is not shown. */
export type RejectionIds = { readonly requestId?: string; readonly id?: string };

/** Returns the response to a request that is rejected as a whole: errors, no data. */
export function refusal(error: RouterError, mediaType: MediaType, ids: RejectionIds = {}): ClientResponse {
  const { code, publicMessage: message, publicExtensions: extensions, locations } = error;
  const listed = error.listed ?? [{ message, locations, extensions }];
  const errors = listed.map((one) => ({ ...one, extensions: { ...one.extensions, ...ids } }));
  return {
    status: statusFor(code, error.status, mediaType),
    headers: {
      'content-type': `${mediaType.name}; charset=utf-8`,
      'cache-control': 'no-store',
      ...(code === 'METHOD_NOT_ALLOWED' ? { allow: 'GET, POST' } : {}),
      ...error.headers,
    },
    summary: { codes: [code] },
    body: `${JSON.stringify({ errors })}\n`,
  };
}

import type { ClientResponse, MediaType } from '../request/client-request.ts';
import type { ErrorCode, RouterError } from '../shared/errors.ts';

/**
 * Codes of requests that are valid JSON but have an invalid document or invalid variables. GraphQL over HTTP
 * recommends status 200 for such requests if the response is `application/json`.
 */
const WELL_FORMED: ReadonlySet<string> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/**
 * Returns the HTTP status of an error response without data: normally the status of the error code. An
 * invalid document or invalid variables have status 200 if the response is `application/json` and the Accept
 * header names this type, and no multipart type.
 */
function statusFor(code: string, status: number, mediaType: MediaType): number {
  return mediaType.named && mediaType.name === 'application/json' && WELL_FORMED.has(code) ? 200 : status;
}

/**
 * Ids in an error response. `requestId` is the id of the rejected request. `id` is the id of the log entry
 * with the cause; it is absent if the response shows the cause.
 */
export type RejectionIds = { readonly requestId?: string; readonly id?: string };

/**
 * Returns the response to a rejected request: errors without data.
 * @param extensions top-level `extensions` of the response
 */
export function rejectionResponse(
  error: RouterError,
  mediaType: MediaType,
  ids: RejectionIds = {},
  extensions?: object,
): ClientResponse {
  const { code, publicMessage: message, publicExtensions, locations } = error;
  const listed = error.listed ?? [{ message, locations, extensions: publicExtensions }];
  const errors = listed.map((one) => ({ ...one, extensions: { ...one.extensions, ...ids } }));
  return {
    status: statusFor(code, error.status, mediaType),
    headers: {
      'content-type': `${mediaType.name}; charset=utf-8`,
      'cache-control': 'no-store',
      ...(code === 'METHOD_NOT_ALLOWED' ? { allow: 'GET, POST' } : {}),
      ...error.headers,
    },
    summary: {
      codes: [code],
      ...(typeof publicExtensions['cost'] === 'number' && { cost: publicExtensions['cost'] }),
    },
    body: `${JSON.stringify({ errors, extensions })}\n`,
  };
}

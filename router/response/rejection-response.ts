import type { ClientResponse, MediaType } from '../request/client-request.ts';
import type { ErrorCode, RouterError } from '../shared/errors.ts';

/**
 * Codes for well-formed requests with an invalid document or variables. For `application/json`, GraphQL over
 * HTTP requires status 200 for them.
 */
const WELL_FORMED: ReadonlySet<string> = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'OPERATION_RESOLUTION_FAILURE',
]);

/** Returns the status of a response without data. It depends on the media type that the client has named. */
function statusFor(code: string, status: number, mediaType: MediaType): number {
  return mediaType.named && mediaType.name === 'application/json' && WELL_FORMED.has(code) ? 200 : status;
}

/** Ids in the response body: of the request, and of the log entry if the cause is masked. */
export type RejectionIds = { readonly requestId?: string; readonly id?: string };

/**
 * Returns the response to a rejected request: errors without data.
 * @param extensions the `extensions` of the response, beside its errors
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

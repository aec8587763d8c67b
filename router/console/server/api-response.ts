import type { Logger } from 'pino';
import type { ClientResponse } from '../../request/client-request.ts';
import { RouterError } from '../../shared/errors.ts';
import type { ApiError } from '../api-types.ts';

const JSON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
  vary: 'origin, authorization, tributary-console-token',
};

/** Returns a JSON response of the console API. */
export function apiResponse(body: unknown): ClientResponse {
  return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(body) };
}

/** Returns an error response of the console API. */
export function apiError({
  status,
  code,
  message,
  key,
  headers = {},
}: ApiError['error'] & {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}): ClientResponse {
  const body: ApiError = { error: { code, message, ...(key !== undefined && { key }) } };
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(body) };
}

/** Returns the response for an error that a route has thrown. Unexpected errors are logged. */
export function apiFailure(error: unknown, log: Pick<Logger, 'error'>): ClientResponse {
  if (error instanceof RouterError) {
    const { status, code, publicMessage: message, headers, extensions } = error;
    const { key } = extensions;
    return apiError({ status, code, message, headers, ...(typeof key === 'string' && { key }) });
  }
  log.error({ err: error }, 'request of the console failed');
  const message = 'the router has logged the error';
  return apiError({ status: 500, code: 'INTERNAL_SERVER_ERROR', message });
}

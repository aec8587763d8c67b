import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isDataException, isUnreachable } from '../../database/postgres-errors.ts';

const shopCodes = [
  'NOT_FOUND',
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'BAD_USER_INPUT',
  'CONFLICT',
  'ORDER_LIMIT_EXCEEDED',
  'UNAVAILABLE',
  'OVERLOADED',
  'REQUEST_CANCELLED',
] as const;

/** Codes of errors that are thrown intentionally; their messages are written for the client. */
export type ShopErrorCode = (typeof shopCodes)[number];

/**
 * Codes whose messages the client sees: those of the shop, and those of Apollo Server for an invalid request.
 */
const exposedCodes: ReadonlySet<string> = new Set([
  ...shopCodes,
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_RESOLUTION_FAILURE',
  'BAD_REQUEST',
]);

export function shopError(code: ShopErrorCode, message: string, cause?: unknown): GraphQLError {
  return new GraphQLError(message, {
    extensions: { code },
    ...(cause instanceof Error && { originalError: cause }),
  });
}

/** Another service is down. `causedBy` names it, so that the router does not open the breaker of this one. */
export function dependencyUnavailable(service: string, cause: unknown): GraphQLError {
  return new GraphQLError(`The ${service} service is unavailable.`, {
    extensions: { code: 'UNAVAILABLE', causedBy: service },
    ...(cause instanceof Error && { originalError: cause }),
  });
}

/** Work that is rejected before it starts, because the queue is longer than can be processed in time. */
export function overloaded(message: string, retryAfterMs: number): GraphQLError {
  const headers = new HeaderMap([['retry-after', String(Math.ceil(retryAfterMs / 1000))]]);
  return new GraphQLError(message, { extensions: { code: 'OVERLOADED', retryAfterMs, http: { headers } } });
}

export function fail(code: ShopErrorCode, message: string): never {
  throw shopError(code, message);
}

/** Whether an error is a fault of this subgraph and must be logged. */
export function isUnexpected(error: GraphQLError): boolean {
  const { code } = classify(error, error.originalError);
  return code === 'INTERNAL_SERVER_ERROR' || code === 'UNAVAILABLE';
}

/** Masks unexpected errors as INTERNAL_SERVER_ERROR, so that clients see no SQL, address or stack. */
export function maskError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { code, message } = classify(formatted, unwrapResolverError(error));
  const { causedBy, retryAfterMs } = formatted.extensions ?? {};
  const extensions = {
    code,
    ...(code === 'UNAVAILABLE' && causedBy !== undefined && { causedBy }),
    ...(code === 'OVERLOADED' && retryAfterMs !== undefined && { retryAfterMs }),
  };
  return { ...formatted, message, extensions };
}

function classify(
  { message, extensions }: Pick<GraphQLFormattedError, 'message' | 'extensions'>,
  cause: unknown,
): { readonly code: string; readonly message: string } {
  const code = String(extensions?.['code']);
  if (exposedCodes.has(code)) return { code, message };
  if (isUnreachable(cause)) return { code: 'UNAVAILABLE', message: 'The database is unavailable.' };
  if (isDataException(cause))
    return { code: 'BAD_USER_INPUT', message: 'A value cannot be what it is used as.' };
  return { code: 'INTERNAL_SERVER_ERROR', message: 'Internal server error' };
}

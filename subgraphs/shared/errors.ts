import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { isDataException, isUnreachable } from './postgres-errors.ts';

/** The codes a shop subgraph answers with on purpose; their messages are written for the client. */
export type ShopErrorCode =
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'UNAUTHENTICATED'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'ORDER_LIMIT_EXCEEDED'
  | 'UNAVAILABLE'
  | 'OVERLOADED'
  | 'REQUEST_CANCELLED';

/** Beside the shop's own codes those by which Apollo Server tells a client that its request is wrong. */
const exposedCodes: ReadonlySet<string> = new Set([
  'NOT_FOUND',
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'BAD_USER_INPUT',
  'CONFLICT',
  'ORDER_LIMIT_EXCEEDED',
  'UNAVAILABLE',
  'OVERLOADED',
  'REQUEST_CANCELLED',
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

/** Another service that this one needs is down. `causedBy` keeps the router from counting it against this one. */
export function dependencyUnavailable(service: string, cause: unknown): GraphQLError {
  return new GraphQLError(`The ${service} service is unavailable.`, {
    extensions: { code: 'UNAVAILABLE', causedBy: service },
    ...(cause instanceof Error && { originalError: cause }),
  });
}

/** Work that is rejected before it begins, because more is waiting than can be done in time. */
export function overloaded(message: string, retryAfterMs: number): GraphQLError {
  const headers = new HeaderMap([['retry-after', String(Math.ceil(retryAfterMs / 1000))]]);
  return new GraphQLError(message, { extensions: { code: 'OVERLOADED', retryAfterMs, http: { headers } } });
}

export function fail(code: ShopErrorCode, message: string): never {
  throw shopError(code, message);
}

/** Whether an error is the subgraph's own fault, and belongs into the log. */
export function isUnexpected(error: GraphQLError): boolean {
  const { code } = classify(error, error.originalError);
  return code === 'INTERNAL_SERVER_ERROR' || code === 'UNAVAILABLE';
}

/** What was not thrown on purpose leaves as INTERNAL_SERVER_ERROR: no SQL, address or stack. */
export function maskError(formatted: GraphQLFormattedError, error: unknown): GraphQLFormattedError {
  const { code, message } = classify(formatted, unwrapResolverError(error));
  const causedBy = code === 'UNAVAILABLE' ? formatted.extensions?.['causedBy'] : undefined;
  const retryAfterMs = code === 'OVERLOADED' ? formatted.extensions?.['retryAfterMs'] : undefined;
  return {
    ...formatted,
    message,
    extensions: {
      code,
      ...(causedBy !== undefined && { causedBy }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  };
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

import { GraphQLError, type GraphQLFormattedError } from 'graphql';

/** The codes a shop subgraph answers with on purpose; their messages are written for the client. */
export type ShopErrorCode =
  | 'NOT_FOUND'
  | 'FORBIDDEN'
  | 'UNAUTHENTICATED'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'UNAVAILABLE';

const exposedCodes: ReadonlySet<unknown> = new Set([
  'NOT_FOUND',
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'BAD_USER_INPUT',
  'CONFLICT',
  'UNAVAILABLE',
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

export function fail(code: ShopErrorCode, message: string): never {
  throw shopError(code, message);
}

export function isExposed(extensions: Readonly<Record<string, unknown>> | undefined): boolean {
  return exposedCodes.has(extensions?.['code']);
}

/** Whatever was not thrown on purpose leaves as INTERNAL_SERVER_ERROR: no SQL, address or stack. */
export function maskError(formatted: GraphQLFormattedError): GraphQLFormattedError {
  const code = isExposed(formatted.extensions) ? formatted.extensions?.['code'] : 'INTERNAL_SERVER_ERROR';
  const message = code === 'INTERNAL_SERVER_ERROR' ? 'Internal server error' : formatted.message;
  return { ...formatted, message, extensions: { code } };
}

import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { ERRORS, RouterError, isErrorCode } from '../errors.ts';

/** An error that may leave as it stands: execution has already decided what it tells. */
export class AnsweredError extends GraphQLError {}

/** A refusal in the form that Apollo Server turns into an HTTP answer. */
export function toGraphQLError(error: RouterError): GraphQLError {
  const headers = new HeaderMap(Object.entries(error.headers));
  return new GraphQLError(error.publicMessage, {
    originalError: error,
    extensions: { code: error.code, http: { status: error.status, headers } },
  });
}

/** Lets through what the error table allows; of everything else the id leaves under which `logError` has put it down. */
export function createErrorMask(logError: (error: unknown) => string) {
  return function maskError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
    if (thrown instanceof AnsweredError) return formatted;
    const error = unwrapResolverError(thrown);
    const code = error instanceof RouterError ? error.code : formatted.extensions?.['code'];
    if (!isErrorCode(code) || !ERRORS[code].exposed) {
      const extensions = { code: 'INTERNAL_SERVER_ERROR', id: logError(error) };
      return { message: ERRORS.INTERNAL_SERVER_ERROR.meaning, extensions };
    }
    const { message, locations, path } = formatted;
    return { message, ...(locations && { locations }), ...(path && { path }), extensions: { code } };
  };
}

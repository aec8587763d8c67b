import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { shortened } from '../error-message.ts';
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

function causeOf(thrown: unknown): unknown {
  // Apollo Server unwraps only errors that have a path.
  if (thrown instanceof GraphQLError && thrown.originalError instanceof RouterError)
    return thrown.originalError;
  return unwrapResolverError(thrown);
}

/** Lets through what the error table allows; of everything else the id leaves under which `logError` has put it down. */
export function createErrorMask(logError: (error: unknown) => string) {
  return function maskError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
    if (thrown instanceof AnsweredError) return formatted;
    const error = causeOf(thrown);
    const code = error instanceof RouterError ? error.code : formatted.extensions?.['code'];
    if (!isErrorCode(code) || !ERRORS[code].exposed) {
      const extensions = { code: 'INTERNAL_SERVER_ERROR', id: logError(error) };
      return { message: ERRORS.INTERNAL_SERVER_ERROR.meaning, extensions };
    }
    const { locations, path } = formatted;
    const extensions = error instanceof RouterError ? error.publicExtensions : { code };
    const message = shortened(formatted.message);
    return { message, ...(locations && { locations }), ...(path && { path }), extensions };
  };
}

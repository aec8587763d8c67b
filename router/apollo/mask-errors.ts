import { HeaderMap } from '@apollo/server';
import { unwrapResolverError } from '@apollo/server/errors';
import { GraphQLError } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { shortened } from '../shared/error-message.ts';
import { ERRORS, RouterError, isErrorCode } from '../shared/errors.ts';
import { MASKED_MESSAGE } from '../execution/errors/public-message.ts';

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

type ErrorMask = {
  /** Logs an error, and returns the id under which the log has it. */
  readonly logError: (error: unknown) => string;
  /** Whether clients must not see the message of a subgraph's error without a code. */
  readonly masksInternal: boolean;
};

/** Returns the function that keeps from clients every error which the error table does not expose; the log has it by its id. */
export function createErrorMask({ logError, masksInternal }: ErrorMask) {
  return function maskError(formatted: GraphQLFormattedError, thrown: unknown): GraphQLFormattedError {
    if (thrown instanceof AnsweredError) return formatted;
    const error = causeOf(thrown);
    const code = error instanceof RouterError ? error.code : formatted.extensions?.['code'];
    if (!isErrorCode(code) || !ERRORS[code].exposed) {
      const extensions = { code: 'INTERNAL_SERVER_ERROR', id: logError(error) };
      return { message: ERRORS.INTERNAL_SERVER_ERROR.meaning, extensions };
    }
    const { path } = formatted;
    const locations = formatted.locations ?? (error instanceof RouterError ? error.locations : undefined);
    const located = { ...(locations && { locations }), ...(path && { path }) };
    if (masksInternal && code === 'SUBGRAPH_ERROR')
      return { message: MASKED_MESSAGE, ...located, extensions: { code, id: logError(error) } };
    const extensions = error instanceof RouterError ? error.publicExtensions : { code };
    return { message: shortened(messageFor(formatted)), ...located, extensions };
  };
}

const UNSUPPORTED_DIRECTIVE = /^Unknown directive "@(defer|stream)"\.$/;

/** The message of Apollo Server or graphql-js, unless this router has a better reason. */
function messageFor({ message, extensions }: GraphQLFormattedError): string {
  if (extensions?.['validationErrorCode'] === 'INTROSPECTION_DISABLED')
    return 'Introspection is off. The operator allows it with `supergraph.introspection: true` in router.yaml.';
  const [, directive] = UNSUPPORTED_DIRECTIVE.exec(message) ?? [];
  if (directive === undefined) return message;
  return `Incremental delivery is not supported: send the operation without @${directive}.`;
}

import type { DocumentNode, GraphQLError } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { readParseError } from '../limits/document-limits.ts';
import { shortened } from '../shared/error-message.ts';
import { ERRORS, RouterError, isErrorCode } from '../shared/errors.ts';
import type { ListedError } from '../shared/errors.ts';
import type { DocumentContext, DocumentResult } from './server.ts';

/** Parses and validates a document. @throws {RouterError} that lists every error of the document */
export type ReadDocument = (source: string, operationName: string | undefined) => Promise<DocumentNode>;

/** The parts of Apollo Server with which the router parses and validates documents. */
export type DocumentServer = {
  executeOperation: (
    request: { readonly query: string; readonly operationName?: string },
    options: { readonly contextValue: DocumentContext },
  ) => Promise<unknown>;
};

/** Creates the function that parses and validates documents with Apollo Server. */
export function createReadDocument(
  server: DocumentServer,
  limits: Pick<Config['limits'], 'tokens'>,
): ReadDocument {
  return async (query, operationName) => {
    const result: DocumentResult = {};
    const request = operationName === undefined ? { query } : { query, operationName };
    await server.executeOperation(request, { contextValue: { result } });
    if (result.document !== undefined) return result.document;
    throw rejectionFor(result.errors ?? [], limits);
  };
}

function rejectionFor(
  errors: readonly GraphQLError[],
  limits: Pick<Config['limits'], 'tokens'>,
): RouterError {
  const exceeded = errors
    .map((error) => error.originalError ?? error)
    .map((error) => readParseError(error, limits))
    .find((error) => error instanceof RouterError);
  if (exceeded !== undefined) return exceeded;
  const listed = errors.map(toListed);
  const [first] = listed;
  const code = first?.extensions.code;
  if (first === undefined || !isErrorCode(code) || !ERRORS[code].exposed)
    return new RouterError('INTERNAL_SERVER_ERROR', undefined, { cause: errors[0] });
  return new RouterError(code, first.message, { listed });
}

/**
 * Maximum number of locations of an error. An argument that stands 600 times in 4 KB would otherwise have a
 * response of 15 KB.
 */
const MAX_LOCATIONS = 8;

function toListed(error: GraphQLError): ListedError {
  const { locations, extensions } = error;
  return {
    message: shortened(messageOf(error)),
    ...(locations && { locations: locations.slice(0, MAX_LOCATIONS) }),
    extensions: { code: String(extensions['code']) },
  };
}

const UNSUPPORTED_DIRECTIVE = /^Unknown directive "@(defer|stream)"\.$/;

/**
 * Returns the message of a document error: that of Apollo Server or graphql-js, unless the router has a more
 * helpful text.
 */
function messageOf({ message, extensions }: GraphQLError): string {
  if (extensions['validationErrorCode'] === 'INTROSPECTION_DISABLED')
    return 'Introspection is disabled. The operator can enable it with `supergraph.introspection: true` in router.yaml.';
  const [, directive] = UNSUPPORTED_DIRECTIVE.exec(message) ?? [];
  if (directive === undefined) return message;
  return `Incremental delivery is not supported: send the operation without @${directive}.`;
}

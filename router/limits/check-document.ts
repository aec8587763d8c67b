import { GraphQLError, parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { messageOf } from '../shared/error-message.ts';
import { RouterError } from '../shared/errors.ts';
import { checkDocument, readParseError } from './document-limits.ts';

/** Rejects a document that is too long to be worth parsing. @throws {RouterError} MAX_LENGTH_LIMIT */
export function checkLength(
  source: string,
  { documentLength }: Pick<Config['limits'], 'documentLength'>,
): void {
  if (source.length > documentLength) {
    throw new RouterError('MAX_LENGTH_LIMIT', `The document has more than ${documentLength} characters.`);
  }
}

/**
 * Refuses a document that is too large to be worth validating. Apollo Server has no place for this between parsing and
 * validation, so a document that it has not met is parsed once more, before it gets there.
 * @throws {RouterError} a code per limit, or GRAPHQL_PARSE_FAILED
 */
export function screenDocument(source: string, limits: Config['limits']): void {
  const document = parseWithin(source, limits);
  checkNames(document, source, limits);
  checkDocument(document, limits);
}

// Errors repeat names, and validation compares them with those of the schema.
function checkNames(document: DocumentNode, source: string, { nameLength }: Config['limits']): void {
  // Most documents have no word of that length, be it a name or part of a text.
  if (!new RegExp(`\\w{${nameLength + 1}}`).test(source)) return;
  visit(document, {
    Name(node) {
      if (node.value.length <= nameLength) return;
      throw new RouterError(
        'MAX_LENGTH_LIMIT',
        `The document has a name of more than ${nameLength} characters.`,
        { locations: locationsOf(node) },
      );
    },
  });
}

function parseWithin(source: string, limits: Config['limits']): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.tokens });
  } catch (error) {
    const read = readParseError(error, limits);
    if (read instanceof RouterError) throw read;
    const locations = error instanceof GraphQLError ? error.locations : undefined;
    throw new RouterError('GRAPHQL_PARSE_FAILED', messageOf(error), { cause: error, locations });
  }
}

import { GraphQLError, visit } from 'graphql';
import type { DocumentNode, ValidationRule } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';
import { checkDocument } from './document-limits.ts';

/** Validation errors that a response lists; validation ends with the next one. */
export const MAX_VALIDATION_ERRORS = 20;

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
 * A validation rule that rejects documents which are too large to be worth validating. It ends validation before any rule looks
 * below the document; the maximum of errors is the only means that graphql-js has for that.
 */
export function withinLimits(limits: Config['limits']): ValidationRule {
  return (context) => ({
    Document(document) {
      const exceeded = exceededBy(document, limits);
      if (exceeded === undefined) return;
      const error = new GraphQLError(exceeded.message, { originalError: exceeded });
      for (let reported = 0; reported <= MAX_VALIDATION_ERRORS; reported += 1) context.reportError(error);
    },
  });
}

function exceededBy(document: DocumentNode, limits: Config['limits']): RouterError | undefined {
  try {
    checkNames(document, limits);
    checkDocument(document, limits);
    return undefined;
  } catch (error) {
    if (error instanceof RouterError) return error;
    throw error;
  }
}

// Errors repeat names, and validation compares them with those of the schema.
function checkNames(document: DocumentNode, { nameLength }: Config['limits']): void {
  // Most documents have no word of that length, be it a name or part of a text.
  if (!new RegExp(`\\w{${nameLength + 1}}`).test(document.loc?.source.body ?? '')) return;
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

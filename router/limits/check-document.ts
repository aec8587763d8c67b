import { GraphQLError, visit } from 'graphql';
import type { DocumentNode, ValidationRule } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';
import { checkDocument } from './document-limits.ts';

/** Maximum number of validation errors in a response; validation stops after them. */
export const MAX_VALIDATION_ERRORS = 20;

/**
 * Rejects a document that exceeds the length limit, before it is parsed.
 * @throws {RouterError} MAX_LENGTH_LIMIT
 */
export function checkLength(
  source: string,
  { documentLength }: Pick<Config['limits'], 'documentLength'>,
): void {
  if (source.length > documentLength) {
    throw new RouterError('MAX_LENGTH_LIMIT', `The document has more than ${documentLength} characters.`);
  }
}

/**
 * Creates the validation rule that rejects documents above the limits. The rule reports its error more than
 * `MAX_VALIDATION_ERRORS` times, because graphql-js then stops before other rules visit the document.
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

// Rejects long names. Error messages repeat them, and validation compares them with the names in the schema.
function checkNames(document: DocumentNode, { nameLength }: Config['limits']): void {
  // If the document contains no word that is too long, as is usual, its names need not be visited.
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

import { parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { messageOf } from '../error-message.ts';
import { RouterError } from '../errors.ts';
import { checkDocument, readParseError } from './document-limits.ts';

/**
 * Refuses a document that is too large to be worth validating. Apollo Server has no place for this between parsing and
 * validation, so a document that it has not met is parsed once more, before it gets there.
 * @throws {RouterError} a code per limit, or GRAPHQL_PARSE_FAILED
 */
export function screenDocument(source: string, limits: Config['limits']): void {
  checkDocument(parseWithin(source, limits), limits);
}

function parseWithin(source: string, limits: Config['limits']): DocumentNode {
  try {
    return parse(source, { maxTokens: limits.tokens, noLocation: true });
  } catch (error) {
    const read = readParseError(error, limits);
    if (read instanceof RouterError) throw read;
    throw new RouterError('GRAPHQL_PARSE_FAILED', messageOf(error), {
      cause: error,
    });
  }
}

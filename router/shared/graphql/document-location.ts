import { getLocation } from 'graphql';
import type { ASTNode, SourceLocation } from 'graphql';

/**
 * Returns line and column of AST nodes in their document, for `locations` of an error (GraphQL section
 * 7.1.7).
 */
export function locationsOf(...nodes: readonly ASTNode[]): readonly SourceLocation[] {
  return nodes.flatMap(({ loc }) => (loc === undefined ? [] : [getLocation(loc.source, loc.start)]));
}

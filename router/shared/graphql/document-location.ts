import { getLocation } from 'graphql';
import type { ASTNode, SourceLocation } from 'graphql';

/** Returns the places of nodes in their document: `locations` of an error (GraphQL section 7.1.7). */
export function locationsOf(...nodes: readonly ASTNode[]): readonly SourceLocation[] {
  return nodes.flatMap(({ loc }) => (loc === undefined ? [] : [getLocation(loc.source, loc.start)]));
}

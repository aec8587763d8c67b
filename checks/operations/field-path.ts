import { BREAK, Kind, parse, visit } from 'graphql';
import type { ASTNode } from 'graphql';

/**
 * Returns the fields that lead to a position of an operation, such as `orders.items.name`; undefined if no
 * field begins there. Inside a fragment definition the path begins at the fragment.
 */
export function fieldPathAt(body: string, line: number, column: number): string | undefined {
  let path: string | undefined;
  visit(parse(body), {
    Field: (node, _key, _parent, _path, ancestors) => {
      const start = node.loc?.startToken;
      if (start?.line !== line || start.column !== column) return undefined;
      path = [...ancestors.flatMap(fieldName), node.name.value].join('.');
      return BREAK;
    },
  });
  return path;
}

function fieldName(ancestor: ASTNode | readonly ASTNode[]): readonly string[] {
  return 'kind' in ancestor && ancestor.kind === Kind.FIELD ? [ancestor.name.value] : [];
}

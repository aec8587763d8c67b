import { Kind, visit } from 'graphql';
import type { ASTNode, DocumentNode, NamedTypeNode } from 'graphql';
import { linkedDirectives } from './linked-directives.ts';

/** Returns a supergraph without the types, fields, arguments and enum values that have `@inaccessible`. */
export function exposedDocument(supergraph: DocumentNode): DocumentNode {
  const { inaccessible } = linkedDirectives(supergraph);
  const isHidden = (node: ASTNode) =>
    'directives' in node && (node.directives ?? []).some(({ name }) => name.value === inaccessible);
  const hiddenTypes = new Set(
    supergraph.definitions.flatMap((node) =>
      isHidden(node) && 'name' in node && node.name !== undefined ? [node.name.value] : [],
    ),
  );
  const isExposed = ({ name }: NamedTypeNode) => !hiddenTypes.has(name.value);
  return visit(supergraph, {
    enter(node) {
      if (isHidden(node)) return null;
      if (node.kind === Kind.UNION_TYPE_DEFINITION) return { ...node, types: node.types?.filter(isExposed) };
      if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION)
        return { ...node, interfaces: node.interfaces?.filter(isExposed) };
      if (node.kind === Kind.OPERATION_TYPE_DEFINITION) return isExposed(node.type) ? undefined : null;
      return undefined;
    },
  });
}

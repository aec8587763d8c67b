import { Kind, OperationTypeNode, getOperationAST } from 'graphql';
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';

/** A field of the root type (`Query` or `Mutation`) that an operation selects. */
export type RootField = {
  readonly node: FieldNode;
  /**
   * Schema coordinate of the field, for example `Mutation.login`. The root type is called `Query` or
   * `Mutation` here, even if the schema has another name for it.
   */
  readonly coordinate: string;
};

/** Returns the root fields of an operation, including those that `@skip` or `@include` may exclude. */
export function rootFieldsOf(document: DocumentNode, name: string | undefined): readonly RootField[] {
  const operation = getOperationAST(document, name);
  if (!operation) return [];
  const typeName = operation.operation === OperationTypeNode.MUTATION ? 'Mutation' : 'Query';
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  return selectedFields(operation.selectionSet, fragments).map((node) => ({
    node,
    coordinate: `${typeName}.${node.name.value}`,
  }));
}

function selectedFields(
  { selections }: SelectionSetNode,
  fragments: readonly FragmentDefinitionNode[],
  seen: Set<string> = new Set(),
): readonly FieldNode[] {
  return selections.flatMap((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return [selection];
      case Kind.INLINE_FRAGMENT:
        return selectedFields(selection.selectionSet, fragments, seen);
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.find((node) => node.name.value === selection.name.value);
        if (fragment === undefined || seen.has(fragment.name.value)) return [];
        seen.add(fragment.name.value);
        return selectedFields(fragment.selectionSet, fragments, seen);
      }
    }
  });
}

import { Kind, OperationTypeNode, getOperationAST } from 'graphql';
import type { FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import type { Delivered, DeliveredOperation } from './actual-cost.ts';

/** How often an operation has delivered a value of each field, by coordinate. */
export type DeliveredCalls = (delivered: Delivered) => ReadonlyMap<string, number>;

/** Compiles the count of root fields that delivered something other than null. Undefined if the operation has none of the fields. */
export function compileDeliveredCalls(
  { document, name, keyOf }: DeliveredOperation,
  coordinates: readonly string[],
): DeliveredCalls | undefined {
  const operation = getOperationAST(document, name);
  if (!operation || coordinates.length === 0) return undefined;
  const typeName = operation.operation === OperationTypeNode.MUTATION ? 'Mutation' : 'Query';
  const fragments = document.definitions.filter((node) => node.kind === Kind.FRAGMENT_DEFINITION);
  const keys = new Map<string, string>();
  for (const node of rootFields(operation.selectionSet, fragments)) {
    const coordinate = `${typeName}.${node.name.value}`;
    if (coordinates.includes(coordinate)) keys.set(keyOf(node), coordinate);
  }
  if (keys.size === 0) return undefined;
  return (delivered) => {
    const counts = new Map<string, number>();
    for (const [key, coordinate] of keys)
      if ((delivered[key] ?? null) !== null) counts.set(coordinate, (counts.get(coordinate) ?? 0) + 1);
    return counts;
  };
}

function rootFields(
  { selections }: SelectionSetNode,
  fragments: readonly FragmentDefinitionNode[],
  seen: Set<string> = new Set(),
): readonly FieldNode[] {
  return selections.flatMap((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return [selection];
      case Kind.INLINE_FRAGMENT:
        return rootFields(selection.selectionSet, fragments, seen);
      case Kind.FRAGMENT_SPREAD: {
        const fragment = fragments.find((node) => node.name.value === selection.name.value);
        if (fragment === undefined || seen.has(fragment.name.value)) return [];
        seen.add(fragment.name.value);
        return rootFields(fragment.selectionSet, fragments, seen);
      }
    }
  });
}

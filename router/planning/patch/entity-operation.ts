import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { FieldNode, OperationDefinitionNode, SelectionNode, SelectionSetNode } from 'graphql';

/** An `_entities` operation as Apollo's planner prints it. */
export type EntityOperation = {
  readonly operation: OperationDefinitionNode;
  readonly entities: FieldNode;
  readonly selectionSet: SelectionSetNode;
};

/** Parses the operation of a fetch. Returns undefined if it does not select `_entities`. */
export function readEntityOperation(text: string): EntityOperation | undefined {
  const [operation] = parse(text, { noLocation: true }).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const [entities] = operation.selectionSet.selections;
  if (entities?.kind !== Kind.FIELD || entities.selectionSet === undefined) return undefined;
  return { operation, entities, selectionSet: entities.selectionSet };
}

/**
 * Returns the text of an entity operation with its selections replaced by the given ones. Variables that the
 * new selections do not use are removed.
 */
export function printEntityOperation(
  { operation, entities, selectionSet }: EntityOperation,
  selections: readonly SelectionNode[],
): string {
  const used = new Set(usedVariables(selections, variableNames(operation)));
  return stripIgnoredCharacters(
    print({
      ...operation,
      variableDefinitions: (operation.variableDefinitions ?? []).filter(
        ({ variable }) => variable.name.value === 'representations' || used.has(variable.name.value),
      ),
      selectionSet: {
        ...operation.selectionSet,
        selections: [{ ...entities, selectionSet: { ...selectionSet, selections } }],
      },
    }),
  );
}

function variableNames(operation: OperationDefinitionNode): string[] {
  return (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
}

/** Returns the definitions of those variables that the selections use. */
export function usedVariables(selections: readonly SelectionNode[], names: readonly string[]): string[] {
  const used = new Set<string>();
  for (const selection of selections) {
    visit(selection, { Variable: ({ name }) => void used.add(name.value) });
  }
  return names.filter((name) => used.has(name));
}

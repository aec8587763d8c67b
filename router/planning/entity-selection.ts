import { Kind, parse, print, stripIgnoredCharacters } from 'graphql';
import type { DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import type { FetchNode } from '@apollo/query-planner';

/** The selection of an entity fetch, without the operation around it. */
export type EntitySelection = {
  /**
   * Number that identifies the selection. Within a plan, equal selections for one subgraph have the same
   * number.
   */
  readonly id: number;
  /** Text of the selection set with its braces. */
  readonly selections: string;
  /** Definitions of the variables in the selection, by name. */
  readonly variables: ReadonlyMap<string, string>;
};

/**
 * Reads the selection of an entity fetch. Returns undefined unless its document is a single operation with
 * the single field `_entities(representations: $representations)`, because other documents cannot be merged.
 */
export function readEntitySelection(
  { operation: text }: Pick<FetchNode, 'operation'>,
  id: number,
): EntitySelection | undefined {
  const operation = onlyOperation(parse(text, { noLocation: true }));
  const field = operation && onlyField(operation);
  if (operation === undefined || field?.selectionSet === undefined || !takesRepresentations(field))
    return undefined;
  const variables = (operation.variableDefinitions ?? []).filter(
    ({ variable }) => variable.name.value !== 'representations',
  );
  return {
    id,
    selections: stripIgnoredCharacters(print(field.selectionSet)),
    variables: new Map(
      variables.map((node) => [node.variable.name.value, stripIgnoredCharacters(print(node))]),
    ),
  };
}

/**
 * Returns the operation of a document that can be merged with others; undefined if it cannot be merged. A
 * document with fragments cannot, because names of fragments may collide. An operation with directives
 * cannot, because they would apply to the whole merged operation.
 */
function onlyOperation({ definitions }: DocumentNode): OperationDefinitionNode | undefined {
  const [operation, ...others] = definitions;
  if (others.length > 0 || operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  return operation.directives?.length === 0 ? operation : undefined;
}

function onlyField({ selectionSet: { selections } }: OperationDefinitionNode): FieldNode | undefined {
  const [field, ...others] = selections;
  return others.length === 0 && field?.kind === Kind.FIELD ? field : undefined;
}

function takesRepresentations({ name, alias, arguments: given = [], directives = [] }: FieldNode): boolean {
  const [argument, ...others] = given;
  return (
    name.value === '_entities' &&
    alias === undefined &&
    directives.length === 0 &&
    others.length === 0 &&
    argument?.value.kind === Kind.VARIABLE &&
    argument.value.name.value === 'representations'
  );
}

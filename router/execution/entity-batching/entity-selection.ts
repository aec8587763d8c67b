import { Kind, parse, print, stripIgnoredCharacters } from 'graphql';
import type { DocumentNode, FieldNode, OperationDefinitionNode } from 'graphql';
import type { FetchNode } from '@apollo/query-planner';

/** What a fetch asks about its entities, apart from the operation that it stands in. */
export type EntitySelection = {
  /** Equal selections of one plan to one service have the same number. */
  readonly id: number;
  /** With its braces. */
  readonly selections: string;
  /** The definitions of its variables, without `$representations`, by name. */
  readonly variables: ReadonlyMap<string, string>;
};

/** `undefined` for a document of another form than planners write for entities. */
export function readEntitySelection({ operation: text }: FetchNode, id: number): EntitySelection | undefined {
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

/** Without fragments, whose names may collide, and without directives, which say something about the whole operation. */
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

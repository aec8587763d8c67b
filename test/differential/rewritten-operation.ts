import { Kind, parse, print, visit } from 'graphql';
import type { DirectiveNode, SelectionNode, SelectionSetNode } from 'graphql';
import { findRenames, renameForPlanning } from '../../router/planning/prepare/renames.ts';
import type { GeneratedOperation } from './generate-operation.ts';

type Values = GeneratedOperation['variables'];

/** Renames the names that the planner uses itself; `undefined` if the operation has none of them. */
export function withOtherNames(
  operation: GeneratedOperation,
  reserved: ReadonlySet<string>,
): GeneratedOperation | undefined {
  const document = parse(operation.document);
  const renames = findRenames(document, { reserved, shared: new Set() });
  if (renames.fields.length + renames.variables.length === 0) return undefined;
  const names = new Map(renames.variables);
  const variables = Object.entries(operation.variables).map(([name, value]) => [
    names.get(name) ?? name,
    value,
  ]);
  return {
    ...operation,
    document: print(renameForPlanning(document, renames)),
    variables: Object.fromEntries(variables),
  };
}

/**
 * Returns the operation with the fields that its variables select: without `@skip`, `@include` and the
 * excluded fields.
 */
export function withoutConditions(operation: GeneratedOperation): GeneratedOperation {
  const included = (selection: SelectionNode) =>
    isIncluded(selection.directives, operation.variables) ? { ...selection, directives: [] } : null;
  const document = visit(parse(operation.document), {
    Field: included,
    InlineFragment: included,
    FragmentSpread: included,
    SelectionSet: { leave: (set) => (set.selections.length === 0 ? TYPENAME : undefined) },
  });
  return { ...operation, document: print(document) };
}

/** An empty selection set cannot be written. */
const TYPENAME: SelectionSetNode = {
  kind: Kind.SELECTION_SET,
  selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }],
};

function isIncluded(directives: readonly DirectiveNode[] = [], variables: Values): boolean {
  return directives.every(({ name, arguments: given }) => {
    const value = given?.find((argument) => argument.name.value === 'if')?.value;
    const isTrue =
      value?.kind === Kind.VARIABLE
        ? variables[value.name.value] === true
        : value?.kind === Kind.BOOLEAN && value.value;
    return isTrue === (name.value === 'include');
  });
}

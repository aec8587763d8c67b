import { Kind } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
  VariableNode,
} from 'graphql';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';

type Variables = Readonly<Record<string, unknown>>;

const NOTHING_TO_CHECK = (): void => undefined;

/**
 * Compiles the check that no argument of `@skip(if:)` and `@include(if:)` is null. GraphQL allows a nullable
 * variable with a default there, but a client may send null for it, which is an error (GraphQL section
 * 6.4.1). The check throws a RouterError with the code BAD_USER_INPUT.
 */
export function createNullConditionCheck(
  document: DocumentNode,
  operation: OperationDefinitionNode,
): (variables: Variables) => void {
  const nullable = (operation.variableDefinitions ?? [])
    .filter(({ type }) => type.kind !== Kind.NON_NULL_TYPE)
    .map(({ variable }) => variable.name.value);
  if (nullable.length === 0) return NOTHING_TO_CHECK;
  return (variables) => {
    if (!nullable.some((name) => variables[name] === null)) return;
    const condition = findNullCondition(document, operation, variables);
    if (condition === undefined) return;
    const message = `Variable "$${condition.name.value}" is null in an argument "if" of the type "Boolean!".`;
    throw new RouterError('BAD_USER_INPUT', message, { locations: locationsOf(condition) });
  };
}

/**
 * Returns the first `@skip` or `@include` whose argument is null. Conditions inside an excluded selection are
 * not evaluated.
 */
function findNullCondition(
  document: DocumentNode,
  { selectionSet }: OperationDefinitionNode,
  variables: Variables,
): VariableNode | undefined {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const visited = new Set<string>();
  const inSet = (set: SelectionSetNode | undefined): VariableNode | undefined => {
    for (const selection of set?.selections ?? []) {
      const condition = readConditions(selection, variables);
      if (condition.kind === 'null') return condition.variable;
      const found = condition.kind === 'included' ? inSelection(selection) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  };
  const inSelection = (selection: SelectionNode): VariableNode | undefined => {
    if (selection.kind !== Kind.FRAGMENT_SPREAD) return inSet(selection.selectionSet);
    const name = selection.name.value;
    if (visited.has(name)) return undefined;
    visited.add(name);
    return inSet(fragments.get(name)?.selectionSet);
  };
  return inSet(selectionSet);
}

type Condition =
  | { readonly kind: 'included' | 'excluded' }
  | { readonly kind: 'null'; readonly variable: VariableNode };

/**
 * Evaluates `@skip` before `@include`, as graphql-js does. If `@skip` excludes the selection, a null in its
 * `@include` is no error.
 */
function readConditions({ directives = [] }: SelectionNode, variables: Variables): Condition {
  for (const [name, excluding] of [
    ['skip', true],
    ['include', false],
  ] as const) {
    const value = conditionOf(directives.find((directive) => directive.name.value === name));
    if (value === undefined) continue;
    const isVariable = value.kind === Kind.VARIABLE;
    const condition = isVariable ? variables[value.name.value] : value.kind === Kind.BOOLEAN && value.value;
    if (isVariable && condition === null) return { kind: 'null', variable: value };
    if (condition === excluding) return { kind: 'excluded' };
  }
  return { kind: 'included' };
}

function conditionOf(directive: DirectiveNode | undefined) {
  return directive?.arguments?.find(({ name }) => name.value === 'if')?.value;
}

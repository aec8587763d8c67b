import { Kind, isAbstractType } from 'graphql';
import type {
  DirectiveNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';

/** Fragment definitions of a document, by name. */
export type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

export type SelectionContext = {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  /** Values of the variables that `@skip` and `@include` use. */
  readonly conditions: ReadonlyMap<string, boolean>;
};

/**
 * Implements CollectFields (GraphQL section 6.3.2) for the selection sets of all fields with the same
 * response name: returns the fields selected for one object type. With `@interfaceObject` the object type may
 * be unknown; the fields for the interface are then returned.
 */
export function collectFields(
  selecting: SelectionContext,
  type: GraphQLObjectType | GraphQLInterfaceType,
  selectionSets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const add = (selectionSet: SelectionSetNode): void => {
    for (const selection of selectionSet.selections) {
      if (!isIncluded(selection, selecting.conditions)) continue;
      if (selection.kind === Kind.FIELD) {
        const name = responseName(selection);
        const nodes = fields.get(name);
        if (nodes === undefined) fields.set(name, [selection]);
        else nodes.push(selection);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) continue;
        visited.add(selection.name.value);
      }
      const fragment =
        selection.kind === Kind.FRAGMENT_SPREAD ? selecting.fragments.get(selection.name.value) : selection;
      if (fragment && applies(fragment.typeCondition?.name.value, type, selecting.schema))
        add(fragment.selectionSet);
    }
  };
  selectionSets.forEach(add);
  return fields;
}

/**
 * Returns whether a selection on an interface has more fields for some object types than for others, as `{
 * media { title ... on Book { pages } } }` has for `Book`.
 */
export function dependsOnType(
  selecting: SelectionContext,
  type: GraphQLInterfaceType,
  selectionSets: readonly SelectionSetNode[],
): boolean {
  const count = (member: GraphQLObjectType | GraphQLInterfaceType) =>
    [...collectFields(selecting, member, selectionSets).values()].flat().length;
  const ofAll = count(type);
  return selecting.schema.getPossibleTypes(type).some((member) => count(member) !== ofAll);
}

/** Returns whether `@skip` and `@include` include a selection. */
export function isIncluded(
  { directives = [] }: SelectionNode,
  conditions: ReadonlyMap<string, boolean>,
): boolean {
  return directives.every((directive) => {
    if (directive.name.value === 'skip') return !conditionOf(directive, conditions);
    return directive.name.value !== 'include' || conditionOf(directive, conditions);
  });
}

function conditionOf(directive: DirectiveNode, conditions: ReadonlyMap<string, boolean>): boolean {
  const value = directive.arguments?.find((argument) => argument.name.value === 'if')?.value;
  if (value?.kind === Kind.VARIABLE) return conditions.get(value.name.value) === true;
  return value?.kind === Kind.BOOLEAN && value.value;
}

function applies(
  condition: string | undefined,
  type: GraphQLObjectType | GraphQLInterfaceType,
  schema: GraphQLSchema,
): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditionType = schema.getType(condition);
  return isAbstractType(conditionType) && schema.isSubType(conditionType, type);
}

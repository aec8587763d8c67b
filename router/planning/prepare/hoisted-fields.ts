import {
  Kind,
  OverlappingFieldsCanBeMergedRule,
  getNamedType,
  isInterfaceType,
  isObjectType,
  validate,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLNamedType,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { TYPENAME } from '../../shared/graphql/typename-field.ts';
import type { PreparedSupergraph } from './prepare-supergraph.ts';

type Walk = Pick<PreparedSupergraph, 'schema' | 'interfaceObjectFields'> & {
  /** Number of fields that were moved out of type conditions so far. */
  count: number;
};

/**
 * Moves fields out of type conditions if an `@interfaceObject` has them for all types: `{ product { ... on
 * Bread { weight } } }` becomes `{ product { __typename weight } }`. Otherwise the planner would fetch the
 * field in a second call, which needs a resolvable key. The router leaves the field out of products of other
 * types.
 *
 * @param document a plannable document: one operation, without fragment spreads.
 * @returns undefined if there is no such field.
 */
export function hoistFields(
  document: DocumentNode,
  { schema, interfaceObjectFields }: PreparedSupergraph,
): DocumentNode | undefined {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const walk: Walk = { schema, interfaceObjectFields, count: 0 };
  const root = schema.getRootType(operation.operation) ?? undefined;
  const selectionSet = hoistInSet(operation.selectionSet, root, walk);
  if (walk.count === 0) return undefined;
  const hoisted = { ...document, definitions: [{ ...operation, selectionSet }] };
  // If two types have different fields with one response name, hoisting makes the document invalid, so
  // nothing is hoisted. Example: `... on Bread { size } ... on Shirt { size: label }`.
  return validate(schema, hoisted, [OverlappingFieldsCanBeMergedRule]).length === 0 ? hoisted : undefined;
}

type Parent = GraphQLNamedType | undefined;

function hoistInSet(set: SelectionSetNode, parent: Parent, walk: Walk): SelectionSetNode {
  const selections = set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [hoistInField(selection, parent, walk)];
    return selection.kind === Kind.INLINE_FRAGMENT ? hoistFromFragment(selection, parent, walk) : [selection];
  });
  return { ...set, selections };
}

function hoistInField(field: FieldNode, parent: Parent, walk: Walk): FieldNode {
  if (field.selectionSet === undefined) return field;
  const before = walk.count;
  const selectionSet = hoistInSet(field.selectionSet, fieldType(field, parent), walk);
  if (walk.count === before) return field;
  // The subgraph now returns the hoisted fields for objects of every type. With `__typename`, the router can
  // leave them out of objects for which the client did not select them.
  return { ...field, selectionSet: { ...selectionSet, selections: [TYPENAME, ...selectionSet.selections] } };
}

function hoistFromFragment(
  fragment: InlineFragmentNode,
  parent: Parent,
  walk: Walk,
): readonly SelectionNode[] {
  const type = conditionType(fragment, parent, walk);
  if (type === parent || parent === undefined || !walk.interfaceObjectFields.has(parent.name))
    return [{ ...fragment, selectionSet: hoistInSet(fragment.selectionSet, type, walk) }];
  const { own, rest } = splitFragment(fragment, { type, interfaceObject: parent, walk });
  return [...own, ...rest];
}

type Splitting = {
  readonly type: Parent;
  readonly interfaceObject: GraphQLNamedType;
  readonly walk: Walk;
};

type Split = {
  /**
   * Fields that can be moved out of a type condition, because the subgraph with the `@interfaceObject` has
   * them for all types.
   */
  readonly own: readonly SelectionNode[];
  readonly rest: readonly SelectionNode[];
};

function splitFragment(fragment: InlineFragmentNode, splitting: Splitting): Split {
  const { type, interfaceObject, walk } = splitting;
  const parts = fragment.selectionSet.selections.map((selection): Split => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return { own: [], rest: [selection] };
    if (selection.kind === Kind.INLINE_FRAGMENT) {
      const inner = conditionType(selection, type, walk);
      return splitFragment(selection, { type: inner, interfaceObject, walk });
    }
    const field = hoistInField(selection, type, walk);
    if (!isOwn(selection, splitting)) return { own: [], rest: [field] };
    walk.count += 1;
    return { own: [field], rest: [] };
  });
  const { typeCondition: _, ...unconditional } = fragment;
  return {
    own: withSelections(
      unconditional,
      parts.flatMap((part) => part.own),
    ),
    rest: withSelections(
      fragment,
      parts.flatMap((part) => part.rest),
    ),
  };
}

function withSelections(
  fragment: InlineFragmentNode,
  selections: readonly SelectionNode[],
): readonly SelectionNode[] {
  if (selections.length === 0) return [];
  return [{ ...fragment, selectionSet: { ...fragment.selectionSet, selections } }];
}

/**
 * Returns whether a field of an object type can be moved out of its type condition: the interface that the
 * subgraph defines as an `@interfaceObject` has a field of the same name and type.
 */
function isOwn(field: FieldNode, { type, interfaceObject, walk }: Splitting): boolean {
  const own = walk.interfaceObjectFields.get(interfaceObject.name);
  if (own?.has(field.name.value) !== true) return false;
  return fieldType(field, interfaceObject) === fieldType(field, type);
}

function conditionType({ typeCondition }: InlineFragmentNode, parent: Parent, { schema }: Walk): Parent {
  return typeCondition === undefined ? parent : schema.getType(typeCondition.name.value);
}

function fieldType(field: FieldNode, parent: Parent): Parent {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
  return getNamedType(parent.getFields()[field.name.value]?.type);
}

import {
  Kind,
  OperationTypeNode,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
} from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLSchema,
  InlineFragmentNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { inOrder } from './mutation-order.ts';
import type { PreparedSupergraph } from './prepare-supergraph.ts';
import { TYPENAME } from '../../shared/graphql/typename-field.ts';

/**
 * Maximum number of selections after fragments are expanded. Nested fragments expand exponentially, so the
 * limits of the client's document do not suffice.
 */
const MAX_SELECTIONS = 100_000;

/**
 * Rewrites an operation to avoid errors of Apollo's planner, which fails on some fragments if a subgraph
 * defines an interface as an `@interfaceObject`:
 * - Fragment spreads are expanded, and `__typename` is moved out of fragments.
 * - A fragment on another interface inside such an interface becomes one fragment for each type that
 *   implements both.
 * - Selections that are never included are removed. An object whose selections may all be excluded gets
 *   `__typename`. Otherwise it would not be fetched, and the response would have null instead of `{}`.
 */
export function plannableDocument(
  document: DocumentNode,
  { schema, interfaceObjects }: Pick<PreparedSupergraph, 'schema' | 'interfaceObjects'>,
): DocumentNode {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  }
  const walk: Walk = { schema, interfaceObjects, fragments, count: 0 };
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  return { ...document, definitions: operations.map((operation) => plannableOperation(operation, walk)) };
}

type Walk = {
  readonly schema: GraphQLSchema;
  readonly interfaceObjects: PreparedSupergraph['interfaceObjects'];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  count: number;
};

type PlannableSelections = {
  readonly selections: readonly SelectionNode[];
  /** True if the selections contain `__typename`, directly or in a fragment. */
  readonly asksTypename: boolean;
  /** True if every object gets at least one field, whatever its type and the values of variables. */
  readonly isCertain: boolean;
};

const NOTHING: PlannableSelections = { selections: [], asksTypename: false, isCertain: false };

function plannableOperation(operation: OperationDefinitionNode, walk: Walk): OperationDefinitionNode {
  const root = walk.schema.getRootType(operation.operation) ?? undefined;
  const selected = select(operation.selectionSet, root, walk).selections;
  const selections = operation.operation === OperationTypeNode.MUTATION ? inOrder(selected) : selected;
  return {
    ...operation,
    selectionSet: { kind: Kind.SELECTION_SET, selections: selections.length > 0 ? selections : [TYPENAME] },
  };
}

function select(
  selectionSet: SelectionSetNode,
  parent: GraphQLNamedType | undefined,
  walk: Walk,
): PlannableSelections {
  const parts = selectionSet.selections
    .filter(({ directives }) => !isNeverIncluded(directives))
    .map((selection) => selectOne(selection, parent, walk));
  return {
    selections: parts.flatMap((part) => part.selections),
    asksTypename: parts.some((part) => part.asksTypename),
    isCertain: parts.some((part) => part.isCertain),
  };
}

function selectOne(
  selection: SelectionNode,
  parent: GraphQLNamedType | undefined,
  walk: Walk,
): PlannableSelections {
  walk.count += 1;
  if (walk.count > MAX_SELECTIONS) throw new Error('it has too many selections');
  switch (selection.kind) {
    case Kind.FIELD:
      return selectField(selection, parent, walk);
    case Kind.INLINE_FRAGMENT:
      return selectFragment(selection, parent, walk);
    case Kind.FRAGMENT_SPREAD: {
      const fragment = walk.fragments.get(selection.name.value);
      if (fragment === undefined) throw new Error(`there is no fragment ${selection.name.value}`);
      const { typeCondition, selectionSet } = fragment;
      const directives = selection.directives ?? [];
      return selectFragment(
        { kind: Kind.INLINE_FRAGMENT, typeCondition, selectionSet, directives },
        parent,
        walk,
      );
    }
  }
}

function selectField(
  field: FieldNode,
  parent: GraphQLNamedType | undefined,
  walk: Walk,
): PlannableSelections {
  if (field.name.value === '__typename') return { ...NOTHING, asksTypename: true };
  // Introspection fields are removed, because the router executes them itself. Inside a fragment the planner
  // would treat `__schema` and `__type` as fields of a subgraph.
  if (field.name.value.startsWith('__')) return NOTHING;
  const isCertain = !isConditional(field.directives);
  const type = fieldType(field, parent);
  if (field.selectionSet === undefined || type === undefined) {
    return { selections: [field], asksTypename: false, isCertain };
  }
  const inner = select(field.selectionSet, type, walk);
  const typename = inner.asksTypename || !inner.isCertain ? [TYPENAME] : [];
  const selectionSet = { ...field.selectionSet, selections: [...typename, ...inner.selections] };
  return { selections: [{ ...field, selectionSet }], asksTypename: false, isCertain };
}

function selectFragment(
  fragment: InlineFragmentNode,
  parent: GraphQLNamedType | undefined,
  walk: Walk,
): PlannableSelections {
  const condition = fragment.typeCondition?.name.value;
  const type = condition === undefined ? parent : walk.schema.getType(condition);
  const types = commonTypes(parent, type, walk);
  if (types !== undefined) {
    const parts = types.map((common) => selectFragment(onType(fragment, common), parent, walk));
    return {
      selections: parts.flatMap((part) => part.selections),
      asksTypename: parts.some((part) => part.asksTypename),
      isCertain: false,
    };
  }
  const isAlways =
    type === parent || (isObjectType(parent) && isAbstractType(type) && walk.schema.isSubType(type, parent));
  if (isObjectType(parent) && !isAlways) return NOTHING;
  const inner = select(fragment.selectionSet, isAlways ? parent : type, walk);
  const selectionSet = { ...fragment.selectionSet, selections: inner.selections };
  const { typeCondition: _, ...unconditional } = fragment;
  return {
    selections:
      inner.selections.length === 0 ? [] : [{ ...(isAlways ? unconditional : fragment), selectionSet }],
    asksTypename: inner.asksTypename,
    isCertain: inner.isCertain && isAlways && !isConditional(fragment.directives),
  };
}

/**
 * Returns the object types that belong both to `parent`, the type of an object, and to `type`, the type of a
 * fragment inside it. Returns undefined if the fragment can stay as it is, for example because no subgraph
 * defines `parent` as an `@interfaceObject`.
 */
function commonTypes(
  parent: GraphQLNamedType | undefined,
  type: GraphQLNamedType | undefined,
  { schema, interfaceObjects }: Walk,
): readonly GraphQLObjectType[] | undefined {
  if (type === parent || !isAbstractType(parent) || !isAbstractType(type)) return undefined;
  if (!interfaceObjects.has(parent.name)) return undefined;
  return schema.getPossibleTypes(parent).filter((possible) => schema.isSubType(type, possible));
}

function onType(fragment: InlineFragmentNode, { name }: GraphQLObjectType): InlineFragmentNode {
  return {
    ...fragment,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } },
  };
}

function fieldType(field: FieldNode, parent: GraphQLNamedType | undefined): GraphQLNamedType | undefined {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return undefined;
  return getNamedType(parent.getFields()[field.name.value]?.type);
}

function isConditional(directives: readonly DirectiveNode[] = []): boolean {
  return directives.some(({ name }) => name.value === 'skip' || name.value === 'include');
}

function isNeverIncluded(directives: readonly DirectiveNode[] = []): boolean {
  return directives.some(({ name, arguments: given }) => {
    const value = given?.find((argument) => argument.name.value === 'if')?.value;
    if (value?.kind !== Kind.BOOLEAN) return false;
    return (name.value === 'skip' && value.value) || (name.value === 'include' && !value.value);
  });
}

import { Kind, getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLNamedType,
  InlineFragmentNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { TYPENAME } from '../shared/graphql/typename-field.ts';
import type { Denials, ProtectedSchema } from './protected-schema.ts';

type FilterContext = Pick<ProtectedSchema, 'schema' | 'objectTypes'> & { readonly denials: Denials };

/**
 * Returns the client's document without the denied fields. If a field of an interface is denied on some
 * object types only, the field stays selected on the other object types. `__typename` is added to selections
 * on interfaces and unions, and to selections of which all fields were removed.
 */
export function filterDocument(document: DocumentNode, context: FilterContext): DocumentNode {
  const { schema } = context;
  return {
    ...document,
    definitions: document.definitions.map((node) => {
      if (node.kind !== Kind.OPERATION_DEFINITION && node.kind !== Kind.FRAGMENT_DEFINITION) return node;
      const type =
        node.kind === Kind.OPERATION_DEFINITION
          ? schema.getRootType(node.operation)
          : schema.getType(node.typeCondition.name.value);
      return { ...node, selectionSet: filterSelections(node.selectionSet, type ?? undefined, context) };
    }),
  };
}

function filterSelections(
  { selections, ...rest }: SelectionSetNode,
  parent: GraphQLNamedType | undefined,
  context: FilterContext,
): SelectionSetNode {
  const kept = selections.flatMap((selection) => filterSelection(selection, parent, context));
  // On an interface or union, the type of each object decides which fields are denied. An empty selection,
  // from which all fields were removed, would be invalid.
  const asksType = kept.length === 0 || isAbstractType(parent);
  return { ...rest, selections: asksType ? [TYPENAME, ...kept] : kept };
}

function filterSelection(
  selection: SelectionNode,
  parent: GraphQLNamedType | undefined,
  context: FilterContext,
): readonly SelectionNode[] {
  switch (selection.kind) {
    case Kind.FIELD:
      return filterField(selection, parent, context);
    case Kind.INLINE_FRAGMENT: {
      const condition = selection.typeCondition?.name.value;
      const type = condition === undefined ? parent : context.schema.getType(condition);
      return [{ ...selection, selectionSet: filterSelections(selection.selectionSet, type, context) }];
    }
    case Kind.FRAGMENT_SPREAD:
      return [selection];
  }
}

function filterField(
  field: FieldNode,
  parent: GraphQLNamedType | undefined,
  context: FilterContext,
): readonly SelectionNode[] {
  const name = field.name.value;
  if (name.startsWith('__') || !(isObjectType(parent) || isInterfaceType(parent))) return [field];
  const objects = context.objectTypes(parent);
  const allowed = objects.filter((object) => !context.denials.field(object, name));
  if (allowed.length === 0 && objects.length > 0) return [];
  const type = getNamedType(parent.getFields()[name]?.type);
  const { selectionSet } = field;
  const kept: FieldNode = selectionSet
    ? { ...field, selectionSet: filterSelections(selectionSet, type, context) }
    : field;
  return allowed.length === objects.length ? [kept] : allowed.map((object) => onType(object, kept));
}

function onType(typeName: string, field: FieldNode): InlineFragmentNode {
  return {
    kind: Kind.INLINE_FRAGMENT,
    typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
    selectionSet: { kind: Kind.SELECTION_SET, selections: [field] },
  };
}

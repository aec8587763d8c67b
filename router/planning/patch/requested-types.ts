import { Kind, getNamedType, isInterfaceType, isObjectType } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLSchema, SelectionSetNode } from 'graphql';
import { responseName } from '../../shared/graphql/response-name.ts';
import { possibleNames } from './requirements.ts';

/**
 * Maps response names of fields to the object types for which the operation selects the field. Example: in
 * `{ media { title ... on Book { pages } } }`, `pages` maps to `Book`.
 */
export type RequestedTypes = ReadonlyMap<string, ReadonlySet<string>>;

type Part = { readonly selectionSet: SelectionSetNode; readonly types: ReadonlySet<string> };

/**
 * Returns the object types for which the operation selects each field of the objects at a path.
 * @param document a plannable document: one operation, without fragment spreads.
 * @param path path of a Flatten node: response names, and `@` for the items of a list.
 */
export function requestedTypes(
  document: DocumentNode,
  path: readonly (string | number)[],
  schema: GraphQLSchema,
): RequestedTypes {
  const [operation] = document.definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return new Map();
  const root = schema.getRootType(operation.operation)?.name ?? '';
  let parts: readonly Part[] = [{ selectionSet: operation.selectionSet, types: new Set([root]) }];
  for (const name of path) {
    if (name !== '@') parts = fieldsIn(parts, schema).flatMap((found) => below(found, String(name), schema));
  }
  const requested = new Map<string, ReadonlySet<string>>();
  for (const { field, types } of fieldsIn(parts, schema)) {
    const name = responseName(field);
    requested.set(name, types.union(requested.get(name) ?? new Set()));
  }
  return requested;
}

type FieldInTypes = { readonly field: FieldNode; readonly types: ReadonlySet<string> };

function fieldsIn(parts: readonly Part[], schema: GraphQLSchema): FieldInTypes[] {
  return parts.flatMap(({ selectionSet, types }) =>
    selectionSet.selections.flatMap((selection): FieldInTypes[] => {
      if (selection.kind === Kind.FIELD) return [{ field: selection, types }];
      if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
      const condition = selection.typeCondition?.name.value;
      const left = condition === undefined ? types : types.intersection(possibleNames(condition, schema));
      return fieldsIn([{ selectionSet: selection.selectionSet, types: left }], schema);
    }),
  );
}

function below({ field, types }: FieldInTypes, name: string, schema: GraphQLSchema): Part[] {
  if (responseName(field) !== name || field.selectionSet === undefined) return [];
  const returned = new Set<string>();
  for (const type of types) {
    const parent = schema.getType(type);
    if (!isObjectType(parent) && !isInterfaceType(parent)) continue;
    const { name: inner } = getNamedType(parent.getFields()[field.name.value]?.type) ?? {};
    for (const possible of inner === undefined ? [] : possibleNames(inner, schema)) returned.add(possible);
  }
  return [{ selectionSet: field.selectionSet, types: returned }];
}

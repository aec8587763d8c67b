import { getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { FoundChange } from './schema-changes.ts';

/** Requests of operations whose documents are not recorded, by the schema coordinates that they use. */
export type UnlistedUse = Readonly<Record<string, number>>;

/**
 * Returns the requests of unlisted operations that a breaking change may break. They cannot be evaluated, so
 * each use of the changed element counts.
 * @param schema the schema before the change
 */
export function unlistedCalls(
  { code, coordinate, criticality }: FoundChange,
  schema: GraphQLSchema,
  unlisted: UnlistedUse,
): number {
  if (criticality !== 'breaking' || coordinate === null) return 0;
  // An added argument concerns the operations that select its field.
  const [element = ''] = coordinate.split('(');
  const [type = ''] = element.split('.');
  // A required field of an input type concerns the operations that send any other field of it.
  if (element === type || code.startsWith('INPUT_FIELD_')) return callsOf(type, schema, unlisted);
  return unlisted[element] ?? 0;
}

/**
 * Returns the requests of unlisted operations whose responses may contain an element: a field, or a type. A
 * field is counted on the type on which it is selected, and selected types are not counted. So the fields of
 * interfaces, and the fields that return a type, its interfaces or its unions count, too.
 */
export function callsOf(element: string, schema: GraphQLSchema, unlisted: UnlistedUse): number {
  const [typeName = '', field] = element.split('.');
  const type = schema.getType(typeName);
  const types = new Set(type === undefined ? [] : [type, ...abstractTypesOf(type, schema)]);
  const isConcerned = (used: string) => {
    const [usedType = '', usedField] = used.split('(')[0]?.split('.') ?? [];
    const container = schema.getType(usedType);
    if (container === undefined) return false;
    if (field !== undefined) return usedField === field && types.has(container);
    return types.has(container) || returnsOneOf(types, container, usedField);
  };
  const calls = Object.entries(unlisted).filter(([used]) => isConcerned(used));
  return calls.reduce((most, [, count]) => Math.max(most, count), 0);
}

/** Returns the interfaces and unions that an object type belongs to. */
function abstractTypesOf(type: GraphQLNamedType, schema: GraphQLSchema): readonly GraphQLNamedType[] {
  if (!isObjectType(type)) return [];
  return Object.values(schema.getTypeMap()).filter(
    (other) => isAbstractType(other) && schema.isSubType(other, type),
  );
}

function returnsOneOf(
  types: ReadonlySet<GraphQLNamedType>,
  container: GraphQLNamedType,
  field = '',
): boolean {
  if (!isObjectType(container) && !isInterfaceType(container)) return false;
  const returned = container.getFields()[field]?.type;
  return returned !== undefined && types.has(getNamedType(returned));
}

import { isAbstractType, isInterfaceType, isListType, isNonNullType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLOutputType, GraphQLSchema } from 'graphql';
import type { Views } from './comparison.ts';

/**
 * Whether each value of the later type is a value of the earlier type, so that code that was generated for
 * the earlier one stays right (GraphQL section 3.6.1, IsValidImplementationFieldType).
 */
export function isOutputSubtype(after: GraphQLOutputType, before: GraphQLOutputType, views: Views): boolean {
  if (isNonNullType(after))
    return isOutputSubtype(after.ofType, isNonNullType(before) ? before.ofType : before, views);
  if (isNonNullType(before)) return false;
  if (isListType(after)) return isListType(before) && isOutputSubtype(after.ofType, before.ofType, views);
  if (isListType(before)) return false;
  return isNamedSubtype(after, before, views);
}

/** Whether two types of the same name are of the same kind. Interfaces and unions have the same values. */
export function isSameKind(after: GraphQLNamedType, before: GraphQLNamedType): boolean {
  return (
    after[Symbol.toStringTag] === before[Symbol.toStringTag] ||
    (isAbstractType(after) && isAbstractType(before))
  );
}

/** Returns the kind of a type in words, such as `an interface`. */
export function kindOf(type: GraphQLNamedType): string {
  return KINDS[type[Symbol.toStringTag]] ?? 'a type';
}

const KINDS: Readonly<Record<string, string>> = {
  GraphQLScalarType: 'a scalar',
  GraphQLObjectType: 'an object type',
  GraphQLInterfaceType: 'an interface',
  GraphQLUnionType: 'a union',
  GraphQLEnumType: 'an enum',
  GraphQLInputObjectType: 'an input type',
};

function isNamedSubtype(after: GraphQLNamedType, before: GraphQLNamedType, views: Views): boolean {
  if (after.name === before.name) return isSameKind(after, before);
  return (
    isSubtypeIn(views.before.schema, after.name, before.name) ||
    isSubtypeIn(views.after.schema, after.name, before.name)
  );
}

function isSubtypeIn(schema: GraphQLSchema, name: string, abstractName: string): boolean {
  const type = schema.getType(name);
  const abstract = schema.getType(abstractName);
  if (!isAbstractType(abstract)) return false;
  return (isObjectType(type) || isInterfaceType(type)) && schema.isSubType(abstract, type);
}

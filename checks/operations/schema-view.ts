import { isAbstractType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import { protectSchema } from '../../router/authorization/protected-schema.ts';
import type { ProtectedSchema } from '../../router/authorization/protected-schema.ts';
import type { Requirements } from '../../router/authorization/requirement.ts';

/** A version of the API schema, as clients of the graph or of a contract see it. */
export type SchemaView = {
  readonly schema: GraphQLSchema;
  readonly requirements: Requirements;
  readonly protectedSchema: ProtectedSchema;
  /** Returns the names of the object types that a value of the type can have. */
  readonly possibleTypes: (type: GraphQLNamedType) => ReadonlySet<string>;
};

type Version = {
  readonly graph: { readonly schema: GraphQLSchema };
  readonly requirements: Requirements;
};

/** Creates the view of a version. A contract has its own graph and the requirements of the whole graph. */
export function viewOf({ graph: { schema }, requirements }: Version): SchemaView {
  const possible = new Map<string, ReadonlySet<string>>();
  return {
    schema,
    requirements,
    protectedSchema: protectSchema(schema, requirements),
    possibleTypes(type) {
      const known = possible.get(type.name) ?? new Set(possibleNames(schema, type));
      possible.set(type.name, known);
      return known;
    },
  };
}

function possibleNames(schema: GraphQLSchema, type: GraphQLNamedType): readonly string[] {
  if (isObjectType(type)) return [type.name];
  return isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
}

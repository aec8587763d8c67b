import { getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { Requirement, Requirements } from './requirement.ts';

/**
 * Looks up the authorization requirements of types and fields. `typeName` must be an object type: for a field
 * of an interface, callers look up the field on each object type that implements the interface.
 */
export type ProtectedSchema = {
  readonly schema: GraphQLSchema;
  /**
   * Returns the requirements of a field: its own, those of its object type, and those of the type that it
   * returns.
   */
  readonly ofField: (typeName: string, fieldName: string) => readonly Requirement[];
  readonly ofType: (typeName: string) => readonly Requirement[];
  /** Returns the names of the object types that a value of the given type can have. */
  readonly objectTypes: (type: GraphQLNamedType | undefined) => readonly string[];
};

/**
 * Creates the lookup of requirements for a schema. The requirements of a field are computed once and then
 * cached.
 */
export function protectSchema(schema: GraphQLSchema, requirements: Requirements): ProtectedSchema {
  const fields = new Map<string, readonly Requirement[]>();

  const ofType = (name: string) => present([requirements.get(name)]);

  function readField(typeName: string, fieldName: string): readonly Requirement[] {
    const parent = schema.getType(typeName);
    const definition = isObjectType(parent) ? parent.getFields()[fieldName] : undefined;
    const type = getNamedType(definition?.type);
    return present([
      requirements.get(typeName),
      requirements.get(`${typeName}.${fieldName}`),
      // A returned interface or union adds no requirements to the field, because the caller must satisfy the
      // requirements of each returned object's type.
      type === undefined || isAbstractType(type) ? undefined : requirements.get(type.name),
    ]);
  }

  return {
    schema,
    ofType,
    ofField(typeName, fieldName) {
      const coordinate = `${typeName}.${fieldName}`;
      const known = fields.get(coordinate);
      if (known !== undefined) return known;
      const read = readField(typeName, fieldName);
      fields.set(coordinate, read);
      return read;
    },
    objectTypes(type) {
      if (isObjectType(type)) return [type.name];
      return isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
    },
  };
}

function present(requirements: readonly (Requirement | undefined)[]): readonly Requirement[] {
  return [...new Set(requirements.filter((requirement) => requirement !== undefined))];
}

/**
 * Fields and types that a caller is not authorized to see. They are not fetched, and their value in the
 * response is null.
 */
export type Denials = {
  /**
   * Returns whether a field of a type is denied. A field of an interface is denied if it is denied on at
   * least one of the interface's object types.
   */
  readonly field: (typeName: string, fieldName: string) => boolean;
  /** Returns whether a type is denied. An interface is denied if at least one of its object types is. */
  readonly type: (typeName: string) => boolean;
};

/**
 * Returns the fields and types that are denied to a caller. `unmet` has the requirements that the caller does
 * not satisfy.
 */
export function denialsOf(protectedSchema: ProtectedSchema, unmet: ReadonlySet<Requirement>): Denials {
  const { schema, objectTypes, ofField, ofType } = protectedSchema;
  const isUnmet = (requirements: readonly Requirement[]) => requirements.some((one) => unmet.has(one));
  const objectsOf = (typeName: string) => {
    const type = schema.getType(typeName);
    return isInterfaceType(type) ? objectTypes(type) : [typeName];
  };
  return {
    field: (typeName, fieldName) => objectsOf(typeName).some((name) => isUnmet(ofField(name, fieldName))),
    type: (typeName) => objectsOf(typeName).some((name) => isUnmet(ofType(name))),
  };
}

import { getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLNamedType, GraphQLSchema } from 'graphql';
import type { Requirement, Requirements } from './requirement.ts';

/** What must be met to be answered; names are those of object types, since only objects are answered. */
export type ProtectedSchema = {
  readonly schema: GraphQLSchema;
  /** By its own directives, those of its object, and those of the type it returns. */
  readonly ofField: (typeName: string, fieldName: string) => readonly Requirement[];
  readonly ofType: (typeName: string) => readonly Requirement[];
  /** The object types that a value of the type can have. */
  readonly objectTypes: (type: GraphQLNamedType | undefined) => readonly string[];
};

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
      // The requirements of the object type of a value apply, not those of its abstract type.
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

/** What of a supergraph is not answered to somebody: it is not fetched, and null stands in its place. */
export type Denials = {
  /** Of an interface, which is the type of a value when nobody has said more: denied as soon as one object would be. */
  readonly field: (typeName: string, fieldName: string) => boolean;
  /** Every value of the type. */
  readonly type: (typeName: string) => boolean;
};

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

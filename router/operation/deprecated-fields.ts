import { TypeInfo, isInterfaceType, isObjectType, visit, visitWithTypeInfo } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { withOneOperation } from '../usage/signature/normalize-document.ts';

/** Returns the coordinates of the deprecated fields that an operation of a document selects, sorted. */
export type DeprecatedFields = (document: DocumentNode, name: string | undefined) => readonly string[];

const NONE: readonly string[] = [];

/** Creates the function for one schema. Without deprecated fields, it does not look at the documents. */
export function createDeprecatedFields(schema: GraphQLSchema): DeprecatedFields {
  if (!hasDeprecatedField(schema)) return () => NONE;
  return (document, name) => {
    const types = new TypeInfo(schema);
    const found = new Set<string>();
    const enter = () => {
      const [parent, field] = [types.getParentType(), types.getFieldDef()];
      if (parent && field?.deprecationReason != null) found.add(`${parent.name}.${field.name}`);
    };
    visit(withOneOperation(document, name), visitWithTypeInfo(types, { Field: { enter } }));
    return [...found].toSorted();
  };
}

function hasDeprecatedField(schema: GraphQLSchema): boolean {
  return Object.values(schema.getTypeMap()).some(
    (type) =>
      (isObjectType(type) || isInterfaceType(type)) &&
      !type.name.startsWith('__') &&
      Object.values(type.getFields()).some(({ deprecationReason }) => deprecationReason != null),
  );
}

import { TypeInfo, isInterfaceType, isObjectType, visit, visitWithTypeInfo } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { withOneOperation } from '../usage/signature/normalize-document.ts';

/** Returns the coordinates of the deprecated fields and arguments that an operation uses, sorted. */
export type DeprecatedFields = (document: DocumentNode, name: string | undefined) => readonly string[];

const NONE: readonly string[] = [];

/**
 * Creates the function that finds the deprecated fields and arguments of one schema in documents. If the
 * schema has no deprecations, the function does not read the documents.
 */
export function createDeprecatedFields(schema: GraphQLSchema): DeprecatedFields {
  if (!hasDeprecations(schema)) return () => NONE;
  return (document, name) => {
    const types = new TypeInfo(schema);
    const found = new Set<string>();
    const Field = () => {
      const [parent, field] = [types.getParentType(), types.getFieldDef()];
      if (parent && field?.deprecationReason != null) found.add(`${parent.name}.${field.name}`);
    };
    const Argument = () => {
      const [parent, field, argument] = [types.getParentType(), types.getFieldDef(), types.getArgument()];
      if (types.getDirective() || !parent || !field || argument?.deprecationReason == null) return;
      found.add(`${parent.name}.${field.name}(${argument.name}:)`);
    };
    visit(withOneOperation(document, name), visitWithTypeInfo(types, { Field, Argument }));
    return [...found].toSorted();
  };
}

function hasDeprecations(schema: GraphQLSchema): boolean {
  return Object.values(schema.getTypeMap()).some(
    (type) =>
      (isObjectType(type) || isInterfaceType(type)) &&
      !type.name.startsWith('__') &&
      Object.values(type.getFields()).some((field) =>
        [field, ...field.args].some(({ deprecationReason }) => deprecationReason != null),
      ),
  );
}

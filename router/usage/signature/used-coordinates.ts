import {
  TypeInfo,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isIntrospectionType,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { DocumentNode, GraphQLNamedType, GraphQLSchema } from 'graphql';
import { compareTexts } from './replace-literals.ts';

/** Schema coordinates that an operation uses, each list sorted. */
export type UsedCoordinates = {
  /**
   * Fields, such as `Query.book`. The type is the one that the field is selected on, which may be an
   * interface.
   */
  readonly fields: readonly string[];
  /** Arguments of fields and directives, such as `Query.book(id:)`. */
  readonly arguments: readonly string[];
  /**
   * Fields of input objects, such as `BookInput.title`. If a variable has an input object type, all fields of
   * this type and of the types in it count as used, because the values of variables are not read.
   */
  readonly inputFields: readonly string[];
  /**
   * Enum values, such as `Genre.NOVEL`: those in the document, and all values of an enum that is the type of
   * a variable.
   */
  readonly enumValues: readonly string[];
};

/**
 * Collects the schema coordinates that a document with one operation uses. Introspection fields are left out.
 */
export function usedCoordinates(document: DocumentNode, schema: GraphQLSchema): UsedCoordinates {
  const types = new TypeInfo(schema);
  const fields = new Set<string>();
  const args = new Set<string>();
  const inputs: InputCoordinates = { fields: new Set(), values: new Set(), expanded: new Set() };
  visit(
    document,
    visitWithTypeInfo(types, {
      Field({ name }) {
        const parent = types.getParentType();
        if (parent && isOfSchema(parent, name.value)) fields.add(`${parent.name}.${name.value}`);
      },
      Argument({ name }) {
        const parent = types.getParentType();
        const field = types.getFieldDef();
        if (types.getDirective() || !parent || !field || !isOfSchema(parent, field.name)) return;
        args.add(`${parent.name}.${field.name}(${name.value}:)`);
      },
      ObjectField({ name }) {
        const parent = getNamedType(types.getParentInputType());
        if (isInputObjectType(parent)) inputs.fields.add(`${parent.name}.${name.value}`);
      },
      EnumValue({ value }) {
        const type = getNamedType(types.getInputType());
        if (isEnumType(type) && !isIntrospectionType(type)) inputs.values.add(`${type.name}.${value}`);
      },
      VariableDefinition() {
        addInputType(getNamedType(types.getInputType()), inputs);
      },
    }),
  );
  return {
    fields: sortedList(fields),
    arguments: sortedList(args),
    inputFields: sortedList(inputs.fields),
    enumValues: sortedList(inputs.values),
  };
}

type InputCoordinates = {
  readonly fields: Set<string>;
  readonly values: Set<string>;
  readonly expanded: Set<GraphQLNamedType>;
};

function addInputType(type: GraphQLNamedType | undefined, inputs: InputCoordinates): void {
  if (type === undefined || inputs.expanded.has(type)) return;
  inputs.expanded.add(type);
  if (isEnumType(type)) for (const { name } of type.getValues()) inputs.values.add(`${type.name}.${name}`);
  if (!isInputObjectType(type)) return;
  for (const field of Object.values(type.getFields())) {
    inputs.fields.add(`${type.name}.${field.name}`);
    addInputType(getNamedType(field.type), inputs);
  }
}

function isOfSchema(parent: GraphQLNamedType, field: string): boolean {
  return !field.startsWith('__') && !isIntrospectionType(parent);
}

function sortedList(values: ReadonlySet<string>): readonly string[] {
  return [...values].toSorted(compareTexts);
}

import { randomUUID } from 'node:crypto';
import {
  GraphQLID,
  Kind,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  parseConstValue,
  print,
  specifiedScalarTypes,
  visit,
} from 'graphql';
import type {
  ConstValueNode,
  DocumentNode,
  GraphQLArgument,
  GraphQLInputField,
  GraphQLSchema,
  InputValueDefinitionNode,
  TypeNode,
} from 'graphql';
import { canonicalNumber } from '../exact-json.ts';
import { exactValue } from './exact-scalars.ts';

/**
 * Hides the default values of custom scalars from Apollo's libraries, which would change some of them:
 * `9007199254740993` to `9007199254740992`, and an enum literal to a string. In the SDL for these libraries,
 * each such value is replaced by a random string, its placeholder.
 */
export type HiddenDefaults = {
  /**
   * Replaces each default value of a custom scalar in a schema by a placeholder, a random string. Returns the
   * same document if there are no such values.
   */
  readonly hide: (schema: DocumentNode) => DocumentNode;
  /**
   * Restores the default values in SDL, or in a message, in which `hide` has replaced them by placeholders.
   */
  readonly show: (text: string) => string;
  /**
   * Restores the default values in the JSON text of an introspection result, in which `hide` has replaced
   * them by placeholders.
   */
  readonly showInJson: (json: string) => string;
  /**
   * Restores the default values of arguments and input fields in a built schema, in which `hide` has replaced
   * them by placeholders. Numbers keep all digits.
   */
  readonly setDefaults: (schema: GraphQLSchema) => GraphQLSchema;
};

/**
 * Creates the functions that replace default values of custom scalars by placeholders, and restore them.
 * Schemas that are composed with each other must share one instance: composition compares their default
 * values, so equal values must get equal placeholders.
 */
export function createHiddenDefaults(): HiddenDefaults {
  // A random prefix of all placeholders, so that no other text in a schema can equal one of them.
  const prefix = `default_${randomUUID()}_`;
  const names = new Map<string, string>();
  const texts = new Map<string, string>();
  const namePattern = new RegExp(`"(${prefix}\\d+)"`, 'g');
  const escapedPattern = new RegExp(`\\\\"(${prefix}\\d+)\\\\"`, 'g');

  function nameOf(value: ConstValueNode): string {
    const key = canonicalText(value);
    const name = names.get(key) ?? `${prefix}${names.size}`;
    names.set(key, name);
    if (!texts.has(name)) texts.set(name, printInline(value));
    return name;
  }

  const textOf = (name: string): string => texts.get(name) ?? name;

  function shown(value: unknown): unknown {
    if (typeof value === 'string') {
      const text = texts.get(value);
      return text === undefined ? value : exactValue(parseConstValue(text));
    }
    if (Array.isArray(value)) return value.map(shown);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member)]));
  }

  return {
    hide: (schema) => hideDefaults(schema, nameOf),
    show: (text) => text.replaceAll(namePattern, (_, name: string) => textOf(name)),
    showInJson: (json) =>
      json.replaceAll(escapedPattern, (_, name: string) => JSON.stringify(textOf(name)).slice(1, -1)),
    setDefaults(schema) {
      if (texts.size === 0) return schema;
      for (const input of inputsOf(schema)) input.defaultValue = shown(input.defaultValue);
      return schema;
    },
  };
}

type Types = {
  readonly scalars: ReadonlySet<string>;
  /**
   * Types of the fields of all input objects. The outer key is the name of the input object, the inner key
   * the name of the field.
   */
  readonly inputs: ReadonlyMap<string, ReadonlyMap<string, TypeNode>>;
};

function hideDefaults(schema: DocumentNode, nameOf: (value: ConstValueNode) => string): DocumentNode {
  const types = inputTypesIn(schema);
  return visit(schema, {
    InputValueDefinition({ type, defaultValue, ...definition }): InputValueDefinitionNode | undefined {
      const value = defaultValue && hidden(defaultValue, type);
      return value === undefined || value === defaultValue
        ? undefined
        : { ...definition, type, defaultValue: value };
    },
  });

  function hidden(value: ConstValueNode, type: TypeNode): ConstValueNode {
    switch (type.kind) {
      case Kind.NON_NULL_TYPE:
        return hidden(value, type.type);
      case Kind.LIST_TYPE: {
        if (value.kind !== Kind.LIST) return hidden(value, type.type);
        const values = mapped(value.values, (item) => hidden(item, type.type));
        return values === value.values ? value : { ...value, values };
      }
      case Kind.NAMED_TYPE:
        return hiddenOne(value, type.name.value);
    }
  }

  function hiddenOne(value: ConstValueNode, typeName: string): ConstValueNode {
    if (value.kind === Kind.NULL) return value;
    if (types.scalars.has(typeName)) return { kind: Kind.STRING, value: nameOf(value) };
    // Apollo's composition writes the default value `"1"` of an ID as the integer `1`. This restores the
    // string.
    if (typeName === GraphQLID.name && value.kind === Kind.INT) return { ...value, kind: Kind.STRING };
    const fields = types.inputs.get(typeName);
    if (fields === undefined || value.kind !== Kind.OBJECT) return value;
    const members = mapped(value.fields, (field) => {
      const type = fields.get(field.name.value);
      const inner = type === undefined ? field.value : hidden(field.value, type);
      return inner === field.value ? field : { ...field, value: inner };
    });
    return members === value.fields ? value : { ...value, fields: members };
  }
}

/**
 * Returns a list with `change` applied to each item. If no item changes, it returns the list itself, so that
 * only changed parts of the document are copied.
 */
function mapped<Item>(items: readonly Item[], change: (item: Item) => Item): readonly Item[] {
  const changed = items.map(change);
  return changed.every((item, index) => item === items[index]) ? items : changed;
}

function inputTypesIn({ definitions }: DocumentNode): Types {
  const scalars = new Set<string>();
  const inputs = new Map<string, Map<string, TypeNode>>();
  for (const node of definitions) {
    if (node.kind === Kind.SCALAR_TYPE_DEFINITION || node.kind === Kind.SCALAR_TYPE_EXTENSION)
      scalars.add(node.name.value);
    if (node.kind !== Kind.INPUT_OBJECT_TYPE_DEFINITION && node.kind !== Kind.INPUT_OBJECT_TYPE_EXTENSION)
      continue;
    const fields = inputs.get(node.name.value) ?? new Map<string, TypeNode>();
    for (const { name, type } of node.fields ?? []) fields.set(name.value, type);
    inputs.set(node.name.value, fields);
  }
  for (const { name } of specifiedScalarTypes) scalars.delete(name);
  return { scalars, inputs };
}

/**
 * Returns a text that is equal for equal default values. Values are equal if Apollo's composition treats them
 * as equal, except that numbers must agree in all digits.
 */
function canonicalText(value: ConstValueNode): string {
  switch (value.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return canonicalNumber(value.value);
    case Kind.STRING:
    case Kind.ENUM:
      return JSON.stringify(value.value);
    case Kind.LIST:
      return `[${value.values.map(canonicalText).join()}]`;
    case Kind.OBJECT: {
      const members = value.fields.map((field) => `${field.name.value}:${canonicalText(field.value)}`);
      return `{${members.toSorted().join()}}`;
    }
    case Kind.BOOLEAN:
    case Kind.NULL:
      return print(value);
  }
}

function printInline(value: ConstValueNode): string {
  return print(visit(value, { StringValue: (node) => ({ ...node, block: false }) }));
}

function inputsOf(schema: GraphQLSchema): readonly (GraphQLArgument | GraphQLInputField)[] {
  const inTypes = Object.values(schema.getTypeMap()).flatMap((type) => {
    if (isInputObjectType(type)) return Object.values(type.getFields());
    if ((!isObjectType(type) && !isInterfaceType(type)) || isIntrospectionType(type)) return [];
    return Object.values(type.getFields()).flatMap(({ args }) => args);
  });
  const directives = schema.getDirectives().filter((directive) => !isSpecifiedDirective(directive));
  return [...inTypes, ...directives.flatMap(({ args }) => args)];
}

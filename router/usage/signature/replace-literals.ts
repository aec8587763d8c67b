import {
  Kind,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  isSpecifiedScalarType,
  print,
  visit,
} from 'graphql';
import type { GraphQLInputType, ObjectFieldNode, ValueNode, VariableNode } from 'graphql';

/**
 * Replaces the strings and numbers of a value, because they may be personal data: `"Ada"` becomes `""`, `7`
 * becomes `0`, `1.5` becomes `0.0`. Enum values, booleans, null, variables and the fields of input objects
 * are kept, so that the operation stays valid. Equal items of a list become one item.
 */
export function replaceLiterals(node: ValueNode, type: GraphQLInputType | null | undefined): ValueNode {
  const expected = isNonNullType(type) ? type.ofType : type;
  if (isScalarType(expected) && !isSpecifiedScalarType(expected)) return replaceCustomScalar(node);
  const itemType = isListType(expected) ? expected.ofType : expected;
  if (node.kind === Kind.LIST)
    return { ...node, values: distinct(node.values.map((item) => replaceLiterals(item, itemType))) };
  if (node.kind !== Kind.OBJECT) return replaceLeaf(node);
  return isListType(expected)
    ? replaceLiterals(node, itemType)
    : { ...node, fields: replaceFields(node.fields, expected) };
}

function replaceFields(
  fields: readonly ObjectFieldNode[],
  type: GraphQLInputType | null | undefined,
): readonly ObjectFieldNode[] {
  const definitions = isInputObjectType(type) ? type.getFields() : {};
  return fields
    .map((field) => ({
      ...field,
      value: replaceLiterals(field.value, definitions[field.name.value]?.type),
    }))
    .toSorted((a, b) => compareTexts(a.name.value, b.name.value));
}

function replaceLeaf(node: ValueNode): ValueNode {
  if (node.kind === Kind.INT) return { ...node, value: '0' };
  if (node.kind === Kind.FLOAT) return { ...node, value: '0.0' };
  return node.kind === Kind.STRING ? { ...node, value: '', block: false } : node;
}

/**
 * Replaces a value of a custom scalar, such as a JSON object. Even its keys and names may be personal data,
 * so nothing is kept except the variables in it: without them, the operation would have unused variables and
 * be invalid.
 */
function replaceCustomScalar(node: ValueNode): ValueNode {
  if (node.kind === Kind.ENUM) return { kind: Kind.STRING, value: '' };
  if (node.kind !== Kind.LIST && node.kind !== Kind.OBJECT) return replaceLeaf(node);
  const values = variablesIn(node);
  return values.length === 0 && node.kind === Kind.OBJECT
    ? { kind: Kind.OBJECT, fields: [] }
    : { kind: Kind.LIST, values };
}

function variablesIn(node: ValueNode): readonly VariableNode[] {
  const found = new Map<string, VariableNode>();
  visit(node, { Variable: (variable) => void found.set(variable.name.value, variable) });
  return [...found.values()].toSorted((a, b) => compareTexts(a.name.value, b.name.value));
}

function distinct(values: readonly ValueNode[]): readonly ValueNode[] {
  const texts = new Map(values.map((value) => [print(value), value]));
  return [...texts].toSorted(([a], [b]) => compareTexts(a, b)).map(([, value]) => value);
}

/** Compares two texts by code units, so that the sort order is the same on every machine. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

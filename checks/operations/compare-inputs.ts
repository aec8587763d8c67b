import {
  Kind,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  print,
  valueFromAST,
} from 'graphql';
import type {
  ASTNode,
  DirectiveNode,
  FieldNode,
  GraphQLArgument,
  GraphQLInputField,
  GraphQLInputObjectType,
  ObjectValueNode,
  ValueNode,
} from 'graphql';
import { compareVariable } from './compare-variable.ts';
import type { Comparison } from './comparison.ts';
import { addDefaultChange, addRejected, addedEffect, isRequired, removedEffect } from './input-location.ts';
import type { InputElement, InputKind, InputLocation } from './input-location.ts';

type Arguments = {
  /** Coordinate of the field or directive. */
  readonly coordinate: string;
  readonly before: readonly GraphQLArgument[];
  readonly after: readonly GraphQLArgument[];
};

/** Compares the arguments of a selected field or of a directive. */
export function compareArguments(
  node: FieldNode | DirectiveNode,
  { coordinate, before, after }: Arguments,
  comparison: Comparison,
): void {
  compareElements(
    {
      node,
      kind: node.kind === Kind.FIELD ? 'argument' : 'directiveArgument',
      given: new Map((node.arguments ?? []).map((one) => [one.name.value, one])),
      before: new Map(before.map((argument) => [argument.name, argument])),
      after: new Map(after.map((argument) => [argument.name, argument])),
      coordinateOf: (name) => `${coordinate}(${name}:)`,
    },
    comparison,
  );
}

/** Compares a literal in an operation. The literal may contain variables. */
export function compareLiteral(node: ValueNode, location: InputLocation, comparison: Comparison): void {
  if (node.kind === Kind.VARIABLE) return compareVariable(node, location, comparison);
  if (node.kind === Kind.NULL) {
    if (isNonNullType(location.after.type)) reject(node, location, comparison);
    return;
  }
  const before = getNullableType(location.before.type);
  const after = getNullableType(location.after.type);
  const inner = (from: InputElement['type'], to: InputElement['type']): InputLocation => ({
    ...location,
    before: { type: from },
    after: { type: to },
  });
  if (node.kind === Kind.LIST && isListType(before)) {
    if (!isListType(after)) return reject(node, location, comparison);
    for (const item of node.values) compareLiteral(item, inner(before.ofType, after.ofType), comparison);
  } else if (isListType(before) || isListType(after)) {
    // A value that is no list stands for a list with this value (GraphQL section 3.11).
    const from = isListType(before) ? before.ofType : before;
    const to = isListType(after) ? after.ofType : after;
    compareLiteral(node, inner(from, to), comparison);
  } else {
    compareNamedLiteral(node, location, comparison);
  }
}

function compareNamedLiteral(node: ValueNode, location: InputLocation, comparison: Comparison): void {
  const { reasons, uses } = comparison;
  const before = getNullableType(location.before.type);
  const after = getNullableType(location.after.type);
  if (isInputObjectType(before) && isInputObjectType(after) && node.kind === Kind.OBJECT) {
    if (before.name === after.name || acceptsFields(after, node))
      return compareFields(node, { before, after }, comparison);
    uses.add(before.name);
    for (const field of node.fields) uses.add(`${before.name}.${field.name.value}`);
    return reject(node, location, comparison);
  }
  if (isEnumType(before) && isEnumType(after) && node.kind === Kind.ENUM) {
    const coordinate = `${before.name}.${node.value}`;
    uses.add(before.name).add(coordinate);
    if (after.getValue(node.value)) return;
    if (before.name !== after.name) return reject(node, location, comparison);
    const message = `${coordinate} was removed`;
    return reasons.add({ verdict: 'breaks', code: 'ENUM_VALUE_REMOVED', coordinate, message, node });
  }
  const isSameType = String(before) === String(after) && before.constructor === after.constructor;
  // The validation against the later schema reports an object with variables that is not valid any longer.
  if (isSameType || hasVariables(node)) return;
  if (valueFromAST(node, after) === undefined) reject(node, location, comparison);
}

/** Whether an input type has the fields of an object, and requires no others. */
function acceptsFields(type: GraphQLInputObjectType, node: ObjectValueNode): boolean {
  const given = new Set(node.fields.map((field) => field.name.value));
  const fields = Object.values(type.getFields());
  return (
    given.isSubsetOf(new Set(fields.map(({ name }) => name))) &&
    fields.every((field) => given.has(field.name) || !isRequired(field))
  );
}

function hasVariables(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(hasVariables);
  if (node.kind === Kind.OBJECT) return node.fields.some(({ value }) => hasVariables(value));
  return node.kind === Kind.VARIABLE;
}

function compareFields(
  node: ObjectValueNode,
  { before, after }: { readonly before: GraphQLInputObjectType; readonly after: GraphQLInputObjectType },
  comparison: Comparison,
): void {
  comparison.uses.add(before.name);
  compareElements(
    {
      node,
      kind: 'inputField',
      given: new Map(node.fields.map((field) => [field.name.value, field])),
      before: new Map(Object.entries(before.getFields())),
      after: new Map(Object.entries(after.getFields())),
      coordinateOf: (name) => `${before.name}.${name}`,
    },
    comparison,
  );
}

type Elements = {
  /** The field, directive or object that the values are given to. */
  readonly node: ASTNode;
  readonly kind: InputKind;
  readonly given: ReadonlyMap<string, { readonly value: ValueNode } & ASTNode>;
  readonly before: ReadonlyMap<string, GraphQLArgument | GraphQLInputField>;
  readonly after: ReadonlyMap<string, GraphQLArgument | GraphQLInputField>;
  readonly coordinateOf: (name: string) => string;
};

function compareElements(elements: Elements, comparison: Comparison): void {
  const { node, kind, given, coordinateOf } = elements;
  const { reasons, uses } = comparison;
  for (const [name, before] of elements.before) {
    const coordinate = coordinateOf(name);
    const after = elements.after.get(name);
    const value = given.get(name);
    if (value !== undefined) uses.add(coordinate);
    if (after !== undefined) {
      const location = { coordinate, kind, before, after };
      if (value === undefined) compareOmitted(node, location, comparison);
      else compareLiteral(value.value, location, comparison);
    } else if (value !== undefined) reasons.add(removedEffect(kind, coordinate, value));
  }
  for (const [name, after] of elements.after)
    if (!elements.before.has(name) && isRequired(after))
      reasons.add(addedEffect(kind, coordinateOf(name), node));
}

function compareOmitted(node: ASTNode, location: InputLocation, { reasons }: Comparison): void {
  if (isRequired(location.after)) addRejected(location, { node, value: 'an omitted value', reasons });
  else addDefaultChange(location, node, reasons);
}

function reject(node: ValueNode, location: InputLocation, { reasons }: Comparison): void {
  addRejected(location, { node, value: shortened(node), reasons });
}

const MAX_SHOWN = 40;

function shortened(node: ValueNode): string {
  const text = print(node);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}

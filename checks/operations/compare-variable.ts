import { Kind, isInputType, isNonNullType, isTypeSubTypeOf, typeFromAST } from 'graphql';
import type {
  GraphQLInputType,
  GraphQLSchema,
  TypeNode,
  VariableDefinitionNode,
  VariableNode,
} from 'graphql';
import type { Comparison } from './comparison.ts';
import { addDefaultChange, addRejected } from './input-location.ts';
import type { InputElement, InputLocation } from './input-location.ts';

/** Compares a variable at a place for an input value (GraphQL section 5.8.5). */
export function compareVariable(node: VariableNode, location: InputLocation, comparison: Comparison): void {
  const { variables, reasons } = comparison;
  const definition = variables.get(node.name.value);
  const type = definition && inputType(comparison.after.schema, definition.type);
  // The comparison of the variable's own type reports a type that was removed.
  if (definition === undefined || type === undefined) return;
  const { before, after } = location;
  const isNullable = definition.type.kind !== Kind.NON_NULL_TYPE;
  if (!isUsageAllowed(comparison.after.schema, { definition, type }, after)) {
    const value = `the variable $${node.name.value} of the type ${String(type)}`;
    addRejected(location, { node, value, reasons });
  } else if (isNullable && isNonNullType(after.type) && !isNonNullType(before.type)) {
    // A default value admits the variable, but an explicit null is an error now.
    addRejected(location, { node, value: `null for the variable $${node.name.value}`, reasons });
  } else if (isNullable && definition.defaultValue === undefined) {
    addDefaultChange(location, node, reasons);
  }
}

type TypedVariable = { readonly definition: VariableDefinitionNode; readonly type: GraphQLInputType };

function isUsageAllowed(
  schema: GraphQLSchema,
  { definition: { defaultValue }, type }: TypedVariable,
  location: InputElement,
): boolean {
  if (!isNonNullType(location.type) || isNonNullType(type))
    return isTypeSubTypeOf(schema, type, location.type);
  const hasDefault = defaultValue !== undefined && defaultValue.kind !== Kind.NULL;
  if (!hasDefault && location.defaultValue === undefined) return false;
  return isTypeSubTypeOf(schema, type, location.type.ofType);
}

/** Returns the type that a schema has for a type in an operation; undefined if it has no such input type. */
export function inputType(schema: GraphQLSchema, node: TypeNode): GraphQLInputType | undefined {
  const type = typeFromAST(schema, node);
  return isInputType(type) ? type : undefined;
}

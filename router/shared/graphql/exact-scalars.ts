import { Kind, isScalarType, isSpecifiedScalarType, valueFromASTUntyped } from 'graphql';
import type { GraphQLSchema, ValueNode } from 'graphql';
import { exactNumber } from '../exact-json.ts';

type Values = Parameters<typeof valueFromASTUntyped>[1];

/**
 * Makes the custom scalars of a schema keep all digits of number literals in documents, such as default
 * values of variables. graphql-js would round them to doubles.
 */
export function keepLiteralsExact(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap()))
    if (isScalarType(type) && !isSpecifiedScalarType(type)) type.parseLiteral = exactValue;
}

/** Returns the value of a literal of a custom scalar. Numbers in it keep all their digits. */
export function exactValue(node: ValueNode, variables?: Values): unknown {
  if (node.kind === Kind.INT || node.kind === Kind.FLOAT) return exactNumber(node.value);
  if (node.kind === Kind.LIST) return node.values.map((item) => exactValue(item, variables));
  if (node.kind !== Kind.OBJECT) return valueFromASTUntyped(node, variables);
  return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, exactValue(value, variables)]));
}

import { Kind } from 'graphql';
import type { ValueNode } from 'graphql';
import { exactValue } from '../shared/graphql/exact-scalars.ts';
import type { Variables } from './cost-model.ts';

/**
 * The value of an argument in an operation. A literal is read once, when the operation is compiled; a value
 * that contains variables is read for each request.
 */
export type OperationValue = {
  readonly isConstant: boolean;
  readonly read: (variables: Variables) => unknown;
};

/**
 * Compiles the function that reads the value of an argument from the variables of a request. Numbers in the
 * value keep their exact digits.
 */
export function compileValue(node: ValueNode): OperationValue {
  if (node.kind === Kind.VARIABLE) {
    const name = node.name.value;
    return { isConstant: false, read: (variables) => variables[name] };
  }
  if (hasVariables(node)) {
    return { isConstant: false, read: (variables) => exactValue(node, variables) };
  }
  const constant: unknown = exactValue(node);
  return { isConstant: true, read: () => constant };
}

function hasVariables(node: ValueNode): boolean {
  if (node.kind === Kind.LIST) return node.values.some(hasVariables);
  if (node.kind === Kind.OBJECT) return node.fields.some(({ value }) => hasVariables(value));
  return node.kind === Kind.VARIABLE;
}

import { GraphQLID, isInputObjectType, isListType, isNonNullType, typeFromAST } from 'graphql';
import type { GraphQLInputType, GraphQLSchema, VariableDefinitionNode } from 'graphql';
import { RouterError } from '../errors.ts';

/**
 * Refuses an ID sent as a number that JSON could not keep exact: it would be the id of something else.
 * @throws {RouterError} BAD_USER_INPUT
 */
export function checkIds(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  inputs: Readonly<Record<string, unknown>>,
): void {
  for (const { type, variable } of definitions) {
    const name = variable.name.value;
    if (!Object.hasOwn(inputs, name) || !hasInexact(inputs[name])) continue;
    // The cast is what validation has found out: a variable has an input type.
    const inputType = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
    if (inputType !== undefined) checkValue(inputType, inputs[name], name);
  }
}

function isInexact(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value) && Number.isInteger(value);
}

function hasInexact(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return isInexact(value);
  return Object.values(value).some(hasInexact);
}

function checkValue(type: GraphQLInputType, value: unknown, name: string): void {
  if (isNonNullType(type)) return checkValue(type.ofType, value, name);
  if (isListType(type)) {
    for (const item of Array.isArray(value) ? value : [value]) checkValue(type.ofType, item, name);
  } else if (isInputObjectType(type)) {
    for (const [key, inner] of Object.entries(value ?? {})) {
      const field = type.getFields()[key];
      if (field !== undefined) checkValue(field.type, inner, name);
    }
  } else if (type === GraphQLID && isInexact(value)) {
    throw new RouterError(
      'BAD_USER_INPUT',
      `Variable "$${name}" has an ID that is too large for a JSON number; send it as a string.`,
    );
  }
}

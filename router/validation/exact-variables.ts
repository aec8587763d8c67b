import {
  GraphQLID,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  isSpecifiedScalarType,
  typeFromAST,
} from 'graphql';
import type { GraphQLInputType, GraphQLSchema, VariableDefinitionNode } from 'graphql';
import { RouterError } from '../shared/errors.ts';
import { idDigits, isExactNumber, toDouble } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';

type Inputs = Readonly<Record<string, unknown>>;

/**
 * Prepares variables for coercion. Their numbers were parsed with all digits. A number becomes a double where
 * a built-in type is expected, and a string where an ID is expected. In custom scalars it keeps all digits.
 * @throws {RouterError} BAD_USER_INPUT for an ID that is an integer too large for a JSON number
 */
export function withBuiltInNumbers(
  schema: GraphQLSchema,
  definitions: readonly VariableDefinitionNode[],
  inputs: Inputs,
): Inputs {
  if (!holdsExact(inputs)) return inputs;
  const converted = definitions.flatMap(({ type, variable }) => {
    const name = variable.name.value;
    if (!Object.hasOwn(inputs, name)) return [];
    // The cast is safe, because validation has checked that a variable has an input type.
    const inputType = typeFromAST(schema, type as never) as GraphQLInputType | undefined;
    return [[name, inputType === undefined ? inputs[name] : convert(inputType, inputs[name], name)]];
  });
  return Object.fromEntries(converted);
}

function holdsExact(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isExactNumber(value) || Object.values(value).some(holdsExact);
}

function convert(type: GraphQLInputType, value: unknown, variable: string): unknown {
  if (isNonNullType(type)) return convert(type.ofType, value, variable);
  if (isListType(type)) {
    if (Array.isArray(value)) return value.map((item) => convert(type.ofType, item, variable));
    return convert(type.ofType, value, variable);
  }
  if (isExactNumber(value)) {
    if (type === GraphQLID) return idOf(value, variable);
    return isCustomScalar(type) ? value : toDouble(value);
  }
  if (!isInputObjectType(type) || !isRecord(value)) return value;
  const fields = type.getFields();
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const field = fields[key];
      return [key, field === undefined ? toDouble(inner) : convert(field.type, inner, variable)];
    }),
  );
}

function isCustomScalar(type: GraphQLInputType): boolean {
  return isScalarType(type) && !isSpecifiedScalarType(type);
}

function idOf(value: Parameters<typeof idDigits>[0], variable: string): unknown {
  const digits = idDigits(value);
  if (digits !== undefined) return digits;
  const double = Number(value.rawJSON);
  // An ID that is a fraction, such as `1.5`, is rejected later by coercion, with an error of graphql-js.
  if (!Number.isInteger(double)) return double;
  throw new RouterError(
    'BAD_USER_INPUT',
    `Variable "$${variable}" has an ID that is too large for a JSON number; send it as a string.`,
  );
}

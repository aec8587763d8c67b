import { coerceInputValue, isNonNullType, typeFromAST, valueFromAST } from 'graphql';
import type {
  GraphQLError,
  GraphQLInputType,
  GraphQLSchema,
  OperationDefinitionNode,
  VariableDefinitionNode,
} from 'graphql';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';
import { EXCEEDS_DOUBLE } from '../shared/graphql/finite-floats.ts';
import { withBuiltInNumbers } from './exact-variables.ts';
import { compilePruning } from './sent-values.ts';

type Variables = Readonly<Record<string, unknown>>;

/** The variables of a request after coercion. */
export type CoercedVariables = {
  /**
   * Coerced values, including the defaults of the operation's variables and of the fields of input objects.
   */
  readonly variables: Variables;
  /**
   * Coerced values without defaults, which are sent to subgraphs: each subgraph applies the defaults itself.
   */
  readonly sent: Variables;
};

/** Coerces the variables of a request. @throws {RouterError} BAD_USER_INPUT */
export type CoerceVariables = (inputs: Variables) => CoercedVariables;

type DeclaredVariable = {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly fallback: unknown;
  readonly prune: ReturnType<typeof compilePruning>;
  readonly node: VariableDefinitionNode;
};

const NO_VARIABLES: CoercedVariables = { variables: {}, sent: {} };

/**
 * Compiles the function that coerces the variables of an operation (GraphQL section 6.1.2). It reports only
 * the first error, and without the invalid value, because messages with values could be many times as long as
 * the request.
 */
export function createCoercion(
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  { hideSuggestions }: { readonly hideSuggestions: boolean },
): CoerceVariables {
  if (variableDefinitions.length === 0) return () => NO_VARIABLES;
  const declared = variableDefinitions.map((node): DeclaredVariable => {
    const { variable, type, defaultValue } = node;
    // The cast is safe, because validation has checked that a variable has an input type.
    const inputType = typeFromAST(schema, type as never) as GraphQLInputType;
    return {
      name: variable.name.value,
      type: inputType,
      fallback: valueFromAST(defaultValue, inputType),
      prune: compilePruning(inputType),
      node,
    };
  });
  return (given) => {
    const inputs = withBuiltInNumbers(schema, variableDefinitions, given);
    const variables: Record<string, unknown> = {};
    const sent: Record<string, unknown> = {};
    for (const variable of declared) {
      const { name, prune } = variable;
      if (Object.hasOwn(inputs, name)) {
        const value = coerceValue(variable, inputs[name], hideSuggestions);
        variables[name] = value;
        sent[name] = prune === undefined ? value : prune(value, inputs[name]);
      } else {
        const value = absentValue(variable);
        if (value !== undefined) variables[name] = value;
      }
    }
    return { variables, sent };
  };
}

function absentValue({ name, type, fallback, node }: DeclaredVariable): unknown {
  if (fallback === undefined && isNonNullType(type))
    throw invalid(node, `Variable "$${name}" of required type "${String(type)}" was not provided.`);
  return fallback;
}

function coerceValue(
  { name, type, node }: DeclaredVariable,
  value: unknown,
  hideSuggestions: boolean,
): unknown {
  if (value === null && isNonNullType(type))
    throw invalid(node, `Variable "$${name}" of non-null type "${String(type)}" must not be null.`);
  const onError = (path: readonly (string | number)[], invalidValue: unknown, error: GraphQLError) => {
    const reason = reasonOf(error, invalidValue);
    throw invalid(node, `Variable "$${name}" got an invalid value${placeOf(name, path)}: ${reason}`);
  };
  return coerceInputValue(value, type, onError, hideSuggestions);
}

function placeOf(name: string, path: readonly (string | number)[]): string {
  if (path.length === 0) return '';
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`));
  return ` at "${name}${steps.join('')}"`;
}

// Parts of graphql-js error messages, used to remove the invalid value from them, because it may be long.
// Examples: `Int cannot represent non-integer value: 1.5` (text before the value), and
// `Value "RED" does not exist in "Genre" enum.` (text after it).
const BEFORE_VALUE = /^(?:\w+|Enum "\w+") cannot represent [\w -]+(?=: )/;
const AFTER_VALUE = ' does not exist in "';

/**
 * Number of characters of an error message that are searched for the text before the invalid value. The value
 * may be as long as the request.
 */
const READ_LENGTH = 500;

function reasonOf({ message }: GraphQLError, value: unknown): string {
  // A number such as 1e400 has become infinity, which graphql-js calls a non numeric value.
  const isInfinite = value === Infinity || value === -Infinity;
  if (isInfinite && message.startsWith('Float ')) return EXCEEDS_DOUBLE;
  if (message.startsWith('Value "')) return `The value${message.slice(message.lastIndexOf(AFTER_VALUE))}`;
  const [known] = BEFORE_VALUE.exec(message.slice(0, READ_LENGTH)) ?? [];
  return known === undefined ? message : `${known}.`;
}

function invalid(node: VariableDefinitionNode, message: string): RouterError {
  return new RouterError('BAD_USER_INPUT', message, { locations: locationsOf(node) });
}

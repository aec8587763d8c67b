import { getNamedType, isInputObjectType } from 'graphql';
import type { FieldNode, GraphQLArgument, GraphQLField, GraphQLInputField } from 'graphql';
import type { CostModel, Variables } from './cost-model.ts';
import { compileValue } from './operation-value.ts';
import { add } from './saturating.ts';

type Input = GraphQLArgument | GraphQLInputField;

/**
 * Compiles the function that returns the cost of a field's arguments and of the input objects in their
 * values. Returns undefined if the arguments cost nothing.
 */
export function compileArguments(
  model: CostModel,
  definition: GraphQLField<unknown, unknown>,
  node: FieldNode,
): ((variables: Variables) => number) | undefined {
  const given = definition.args.flatMap((input) => {
    const argument = node.arguments?.find(({ name }) => name.value === input.name);
    if (argument === undefined || !isCharged(model, input)) return [];
    return [{ input, value: compileValue(argument.value) }];
  });
  const costOf = (variables: Variables) =>
    given.reduce((total, { input, value }) => add(total, valueCost(model, input, value.read(variables))), 0);
  if (given.some(({ value }) => !value.isConstant)) return costOf;
  const constant = costOf({});
  return constant === 0 ? undefined : () => constant;
}

function isCharged(model: CostModel, input: Input): boolean {
  return model.inputWeight(input) > 0 || isInputObjectType(getNamedType(input.type));
}

function valueCost(model: CostModel, input: Input, value: unknown): number {
  if (value === undefined || value === null) return 0;
  if (Array.isArray(value)) {
    return value.reduce<number>((total, item) => add(total, valueCost(model, input, item)), 0);
  }
  return add(model.inputWeight(input), memberCost(model, input, value));
}

function memberCost(model: CostModel, input: Input, value: unknown): number {
  const type = getNamedType(input.type);
  if (!isInputObjectType(type) || typeof value !== 'object' || value === null) return 0;
  const fields = type.getFields();
  return Object.entries(value).reduce((total, [name, member]) => {
    const field = fields[name];
    return field === undefined ? total : add(total, valueCost(model, field, member));
  }, 0);
}

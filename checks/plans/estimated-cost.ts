import { Kind, getOperationAST } from 'graphql';
import type { OperationDefinitionNode, TypeNode } from 'graphql';
import { configSchema } from '../../router/config/config-schema.ts';
import { compileCost } from '../../router/cost/cost.ts';
import { readCostModel } from '../../router/cost/cost-model.ts';
import type { Variables } from '../../router/cost/cost-model.ts';
import { RouterError } from '../../router/shared/errors.ts';
import type { GraphVersion } from '../composition.ts';
import type { OperationToPlan } from './plan-operations.ts';

/**
 * Creates the function that estimates the cost of operations in points, as a router with default settings
 * does. Recorded operations have no variables, so an integer variable without a default counts as the assumed
 * length of a list. The function returns null if the cost depends on other variables.
 */
export function createCostEstimate({
  document: supergraph,
}: GraphVersion): (operation: OperationToPlan) => number | null {
  const { defaultListSize } = configSchema.parse({}).rateLimit;
  const model = readCostModel(supergraph, { defaultListSize });
  return ({ document, name }) => {
    const operation = getOperationAST(document, name);
    if (!operation) return null;
    try {
      return compileCost(model, document, name)(assumedVariables(operation, defaultListSize));
    } catch (error) {
      if (error instanceof RouterError && error.code === 'BAD_USER_INPUT') return null;
      throw error;
    }
  };
}

function assumedVariables(
  { variableDefinitions = [] }: OperationDefinitionNode,
  listSize: number,
): Variables {
  return Object.fromEntries(
    variableDefinitions
      .filter(({ type, defaultValue }) => defaultValue === undefined && isInteger(type))
      .map(({ variable }) => [variable.name.value, listSize]),
  );
}

function isInteger(type: TypeNode): boolean {
  if (type.kind === Kind.NON_NULL_TYPE) return isInteger(type.type);
  return type.kind === Kind.NAMED_TYPE && type.name.value === 'Int';
}

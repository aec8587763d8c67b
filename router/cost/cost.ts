import { OperationTypeNode } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLNamedType } from 'graphql';
import { compileArguments } from './cost-arguments.ts';
import type { CostModel, Variables } from './cost-model.ts';
import { compileFieldTotal, compileTotal } from './operation-total.ts';
import type { Weights } from './operation-total.ts';
import { add } from './saturating.ts';

/** Returns the estimated cost of an operation in points. */
export type OperationCost = (variables: Variables) => number;

/** Base cost of a mutation in points. The costs of the selected fields are added to it. */
export const MUTATION_COST = 10;

/**
 * Compiles the function that estimates an operation's cost in points from the variables of a request. Each
 * selected field counts, including repetitions under other aliases or in repeated fragments. The result is an
 * integer from 1 to 2^53 - 1.
 * @throws {RouterError} OPERATION_RESOLUTION_FAILURE if `operationName` selects no operation of the document.
 * The compiled function throws BAD_USER_INPUT if `@listSize` requires exactly one slicing argument and the
 * request has none or several
 */
export function compileCost(
  model: CostModel,
  document: DocumentNode,
  operationName: string | undefined,
): OperationCost {
  const { type, evaluate } = compileTotal(model, weightsOf(model), { document, name: operationName });
  const base = type === OperationTypeNode.MUTATION ? MUTATION_COST : 0;
  return (given) => wholeCost(add(base, evaluate(given)));
}

/** Compiles the function that estimates the cost of one field of an operation, with its selection. */
export function compileFieldCost(
  model: CostModel,
  document: DocumentNode,
  field: { readonly node: FieldNode; readonly parent: GraphQLNamedType | undefined },
): OperationCost {
  return compileFieldTotal(model, weightsOf(model), { document, ...field });
}

function weightsOf(model: CostModel): Weights {
  return {
    item: ({ weight }) => weight,
    call: ({ definition }, node) => compileArguments(model, definition, node),
    unknown: 1,
  };
}

/** Converts a computed cost to the cost that is charged: an integer of at least 1. */
export function wholeCost(cost: number): number {
  return Math.max(1, Math.ceil(cost));
}

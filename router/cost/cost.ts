import { OperationTypeNode } from 'graphql';
import type { DocumentNode, FieldNode, GraphQLNamedType } from 'graphql';
import { compileArguments } from './cost-arguments.ts';
import type { CostModel, Variables } from './cost-model.ts';
import { compileFieldTotal, compileTotal } from './operation-total.ts';
import type { Weights } from './operation-total.ts';
import { add } from './saturating.ts';

export type OperationCost = (variables: Variables) => number;

/** Of a mutation, beside what is selected in it. */
export const MUTATION_COST = 10;

/**
 * Compiles the estimate of one operation's cost, to be evaluated with each request's variables.
 * It counts what is asked for, field by field: an alias costs as much as its field, a fragment as much as its text.
 * The result is a whole number from 1 to 2^53 - 1.
 * @throws {RouterError} OPERATION_RESOLUTION_FAILURE; when evaluated, BAD_USER_INPUT where `@listSize` demands one
 * slicing argument and there is not exactly one.
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

/** Compiles the estimate of one field of an operation with its selection. */
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

/** What an operation is charged: whole points, at least one. */
export function wholeCost(cost: number): number {
  return Math.max(1, Math.ceil(cost));
}

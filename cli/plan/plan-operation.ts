import type { QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../../router/shared/errors.ts';
import type { Operation } from '../../router/operation/operations.ts';
import type { Trial } from '../trial.ts';

export type OperationToPlan = {
  readonly source: string;
  readonly name: string | undefined;
  /** Variables of the operation; undefined if none were given. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** Labels of progressive `@override` that are true for the caller. */
  readonly labels: readonly string[];
};

export type PlannedOperation = {
  readonly plan: QueryPlan;
  /** Estimated cost in points; undefined if it depends on variables that were not given. */
  readonly cost: number | undefined;
};

/**
 * Plans an operation as a router does: with its limits, its rewrites before the planner and its corrections
 * after it.
 * @throws {RouterError}
 */
export async function planOperation(
  { generation, planner }: Trial,
  { source, name, variables, labels }: OperationToPlan,
): Promise<PlannedOperation> {
  const operation = await generation.operations.prepare(source, name);
  const overrides = operation.overrideLabels.filter((label) => labels.includes(label));
  const outcome = await planner.plan({
    document: source,
    operationName: name,
    ...(overrides.length > 0 && { overrides }),
  });
  if (outcome.kind === 'rejected') throw outcome.error;
  return { plan: outcome.plan, cost: costOf(operation, variables) };
}

function costOf(operation: Operation, variables: OperationToPlan['variables']): number | undefined {
  try {
    return operation.cost(operation.coerce(variables ?? {}).variables);
  } catch (error) {
    if (variables === undefined && error instanceof RouterError && error.code === 'BAD_USER_INPUT')
      return undefined;
    throw error;
  }
}

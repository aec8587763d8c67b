import type { QueryPlan } from '@apollo/query-planner';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { readOverrideLabels } from '../../router/planning/override-labels.ts';
import { closestName } from '../../router/shared/closest-name.ts';
import { RouterError } from '../../router/shared/errors.ts';
import type { Operation, Operations } from '../../router/operation/operations.ts';
import type { Trial } from '../trial.ts';

export type OperationToPlan = {
  readonly source: string;
  readonly name: string | undefined;
  /** Variables of the operation; undefined if none were given. */
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** Labels of progressive `@override` that are true for the caller. */
  readonly labels: readonly string[];
  /** Name of the contract whose client sends the operation; undefined for the whole graph. */
  readonly graph: string | undefined;
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
 * @throws {ConfigError} if the supergraph lacks one of the labels, or the configuration the graph
 */
export async function planOperation(
  { sdl, generation, planner }: Trial,
  { source, name, variables, labels, graph }: OperationToPlan,
): Promise<PlannedOperation> {
  if (labels.length > 0)
    assertKnown(labels, readOverrideLabels(sdl, generation.graph.supergraphSchema).fields.keys());
  const operation = await operationsOf(generation, graph).prepare(source, name);
  const overrides = operation.overrideLabels.filter((label) => labels.includes(label));
  const outcome = await planner.plan({
    document: source,
    operationName: name,
    ...(overrides.length > 0 && { overrides }),
  });
  if (outcome.kind === 'rejected') throw outcome.error;
  return { plan: outcome.plan, cost: costOf(operation, variables) };
}

function operationsOf({ operations, contracts }: Trial['generation'], graph: string | undefined): Operations {
  if (graph === undefined) return operations;
  const contract = contracts.get(graph);
  if (contract !== undefined) return contract;
  const closest = closestName(graph, [...contracts.keys()]);
  const hint = closest === undefined ? '' : `; did you mean ${closest}?`;
  throw new ConfigError([`--graph: the configuration has no graph ${graph}${hint}`]);
}

/** A misspelt label would be false, and the plan would be the one without it. */
function assertKnown(labels: readonly string[], known: Iterable<string>): void {
  const names = [...known];
  const problems = labels
    .filter((label) => !names.includes(label))
    .map((label) => {
      const closest = closestName(label, names);
      const hint = closest === undefined ? '' : `; did you mean ${closest}?`;
      return `--label: the supergraph has no label ${label}${hint}`;
    });
  if (problems.length > 0) throw new ConfigError(problems);
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

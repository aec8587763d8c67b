import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { describePlan } from '../../router/planning/describe-plan.ts';
import type { PlanDescription } from '../../router/planning/describe-plan.ts';
import { readOverrideLabels } from '../../router/planning/override-labels.ts';
import { closestName } from '../../router/shared/closest-name.ts';
import { estimatedCost } from '../../router/operation/explain-plan.ts';
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

/**
 * Plans an operation as a router does: with its limits, its rewrites before the planner and its corrections
 * after it.
 * @throws {RouterError}
 * @throws {ConfigError} if the supergraph lacks one of the labels, or the configuration the graph
 */
export async function planOperation(
  { sdl, generation }: Trial,
  { source, name, variables, labels, graph }: OperationToPlan,
): Promise<PlanDescription> {
  if (labels.length > 0)
    assertKnown(labels, readOverrideLabels(sdl, generation.graph.supergraphSchema).fields.keys());
  const operation = await operationsOf(generation, graph).prepare(source, name);
  const overrides = operation.overrideLabels.filter((label) => labels.includes(label));
  const { compiled } = operation;
  return describePlan(await compiled.plan(overrides), {
    cost: costOf(operation, variables),
    mergesFetches: compiled.mergesFetches,
  });
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

/** Variables that are missing leave the cost unknown; given ones must be valid. */
function costOf(operation: Operation, variables: OperationToPlan['variables']): number | undefined {
  return variables === undefined
    ? estimatedCost(operation, {})
    : operation.cost(operation.coerce(variables).variables);
}

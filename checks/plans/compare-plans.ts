import type { GraphVersion } from '../composition.ts';
import type { PlanComparison } from '../report.ts';
import { createCostEstimate } from './estimated-cost.ts';
import { planOperations } from './plan-operations.ts';
import type { OperationToPlan, PlanCache, PlannedOperation } from './plan-operations.ts';
import type { PlanShape } from './plan-shape.ts';

/** The plans of an operation before and after a change. */
export type ComparedPlans =
  | { readonly kind: 'compared'; readonly plan: PlanComparison }
  /** No plan after the change, although there was one before. */
  | { readonly kind: 'no longer planned'; readonly reason: string }
  /** No plan before the change. */
  | { readonly kind: 'not planned'; readonly reason: string };

export type PlansToCompare = {
  readonly before: GraphVersion;
  readonly after: GraphVersion;
  /** Operations that are valid before and after the change. */
  readonly operations: readonly OperationToPlan[];
  readonly cache?: PlanCache;
  readonly timeoutMs?: number;
  readonly maxThreads?: number;
};

/** Default of `planning.timeoutMs`, times five: a check may run beside other programs. */
const TIMEOUT_MS = 10_000;

/** Plans operations before and after a change. Returns the comparison of each by its id. */
export async function comparePlans({
  before,
  after,
  operations,
  cache = new Map<string, PlannedOperation>(),
  timeoutMs = TIMEOUT_MS,
  ...limits
}: PlansToCompare): Promise<ReadonlyMap<string, ComparedPlans>> {
  const options = { cache, timeoutMs, ...limits };
  // One after the other: a planner of a large graph takes much memory in each thread.
  const earlier = await planOperations(before, operations, options);
  const later = await planOperations(after, operations, options);
  const costBefore = createCostEstimate(before);
  const costAfter = createCostEstimate(after);
  return new Map(
    operations.map((operation) => {
      const costs = { costBefore: costBefore(operation), costAfter: costAfter(operation) };
      return [operation.id, compare(earlier.get(operation.id), later.get(operation.id), costs)];
    }),
  );
}

function compare(
  before: PlannedOperation | undefined,
  after: PlannedOperation | undefined,
  costs: Pick<PlanComparison, 'costBefore' | 'costAfter'>,
): ComparedPlans {
  if (before === undefined || after === undefined) throw new Error('bug: an operation was not planned');
  if (before.kind === 'rejected') return { kind: 'not planned', reason: before.reason };
  if (after.kind === 'rejected') return { kind: 'no longer planned', reason: after.reason };
  return {
    kind: 'compared',
    plan: {
      callsBefore: total(before),
      callsAfter: total(after),
      ...costs,
      depthBefore: before.depth,
      depthAfter: after.depth,
      subgraphsBefore: Object.keys(before.calls),
      subgraphsAfter: Object.keys(after.calls),
      callChanges: callChanges(before, after),
    },
  };
}

function total({ calls }: PlanShape): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0);
}

/** Returns by how many the calls to each subgraph rise or fall; subgraphs without a difference are absent. */
function callChanges(before: PlanShape, after: PlanShape): Readonly<Record<string, number>> {
  const names = [...new Set([...Object.keys(before.calls), ...Object.keys(after.calls)])].sort();
  return Object.fromEntries(
    names
      .map((name) => [name, (after.calls[name] ?? 0) - (before.calls[name] ?? 0)] as const)
      .filter(([, difference]) => difference !== 0),
  );
}

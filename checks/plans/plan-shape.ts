import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import { callsOf } from '../../router/planning/plan-calls.ts';

/** The size of a query plan. It is plain data, so it can be cached. */
export type PlanShape = {
  /** Number of calls to each subgraph, by its name. */
  readonly calls: Readonly<Record<string, number>>;
  /** Number of calls in the longest chain of calls of which each waits for the one before. */
  readonly depth: number;
};

/** Returns the size of a plan. Of the two branches of a condition, the larger one counts. */
export function shapeOf(plan: QueryPlan): PlanShape {
  const { node } = plan;
  return {
    calls: Object.fromEntries([...callsOf(plan)].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    depth: node === undefined || node.kind === 'Subscription' ? 0 : depthOf(node),
  };
}

function depthOf(node: PlanNode): number {
  switch (node.kind) {
    case 'Fetch':
      return 1;
    case 'Flatten':
      return depthOf(node.node);
    case 'Sequence':
      return node.nodes.reduce((sum, each) => sum + depthOf(each), 0);
    case 'Parallel':
      return Math.max(0, ...node.nodes.map(depthOf));
    case 'Condition':
      return Math.max(
        0,
        ...[node.ifClause, node.elseClause].map((branch) => (branch === undefined ? 0 : depthOf(branch))),
      );
    case 'Defer':
      return node.primary.node === undefined ? 0 : depthOf(node.primary.node);
  }
}

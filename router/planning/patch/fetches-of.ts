import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';

/** Returns all fetches in the plan of a query or mutation, including both branches of each condition. */
export function fetchesOf({ node }: QueryPlan): readonly FetchNode[] {
  return node === undefined || node.kind === 'Subscription' ? [] : fetchesIn(node);
}

function fetchesIn(node: PlanNode): readonly FetchNode[] {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(fetchesIn);
    case 'Flatten':
      return fetchesIn(node.node);
    case 'Condition':
      return [node.ifClause, node.elseClause].flatMap((clause) =>
        clause === undefined ? [] : fetchesIn(clause),
      );
    case 'Fetch':
      return [node];
    case 'Defer':
      throw new Error('bug: the plan contains @defer');
  }
}

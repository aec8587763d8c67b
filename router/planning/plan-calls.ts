import type { PlanNode, QueryPlan } from '@apollo/query-planner';

/** Number of calls to each subgraph; of two branches of a condition, the one with more calls counts. */
export type Calls = ReadonlyMap<string, number>;

/** Counts the calls to subgraphs of a plan. A fetch of entities is one call, whatever their number. */
export function callsOf({ node }: QueryPlan): Calls {
  return node === undefined || node.kind === 'Subscription' ? new Map() : callsOfNode(node);
}

export function totalOf(calls: Calls): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

function callsOfNode(node: PlanNode): Calls {
  switch (node.kind) {
    case 'Fetch':
      return new Map([[node.serviceName, 1]]);
    case 'Flatten':
      return callsOfNode(node.node);
    case 'Sequence':
    case 'Parallel':
      return node.nodes.map(callsOfNode).reduce<Calls>((all, calls) => merged(all, calls, sum), new Map());
    case 'Condition':
      return [node.ifClause, node.elseClause]
        .map((branch) => (branch === undefined ? new Map<string, number>() : callsOfNode(branch)))
        .reduce((all, calls) => (totalOf(calls) > totalOf(all) ? calls : all));
    case 'Defer':
      return node.primary.node === undefined ? new Map() : callsOfNode(node.primary.node);
  }
}

function merged(some: Calls, others: Calls, combine: (a: number, b: number) => number): Calls {
  const result = new Map(some);
  for (const [name, count] of others) result.set(name, combine(result.get(name) ?? 0, count));
  return result;
}

const sum = (a: number, b: number) => a + b;

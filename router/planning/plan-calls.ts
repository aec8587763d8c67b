import type { PlanNode, QueryPlan } from '@apollo/query-planner';

/** Number of calls to each subgraph; of two branches of a condition, the one with more calls counts. */
export type Calls = ReadonlyMap<string, number>;

/**
 * Returns whether a fetch has a request of its own, instead of being sent together with another fetch. `id`
 * is the index of the fetch in the plan.
 */
type IsSent = (fetch: { readonly id: number }) => boolean;

/** Counts the calls of a plan to each subgraph. An entity fetch is one call for any number of entities. */
export function callsOf({ node }: QueryPlan, isSent: IsSent = () => true): Calls {
  if (node === undefined || node.kind === 'Subscription') return new Map();
  let id = -1;
  return callsOfNode(node, () => isSent({ id: (id += 1) }));
}

export function totalOf(calls: Calls): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

/**
 * @param isNextSent called once for each fetch, in the order of the plan; returns whether the fetch has a
 * request of its own
 */
function callsOfNode(node: PlanNode, isNextSent: () => boolean): Calls {
  switch (node.kind) {
    case 'Fetch':
      return isNextSent() ? new Map([[node.serviceName, 1]]) : new Map();
    case 'Flatten':
      return callsOfNode(node.node, isNextSent);
    case 'Sequence':
    case 'Parallel':
      return node.nodes
        .map((child) => callsOfNode(child, isNextSent))
        .reduce<Calls>((all, calls) => merged(all, calls, sum), new Map());
    case 'Condition':
      return [node.ifClause, node.elseClause]
        .map((branch) => (branch === undefined ? new Map<string, number>() : callsOfNode(branch, isNextSent)))
        .reduce((all, calls) => (totalOf(calls) > totalOf(all) ? calls : all));
    case 'Defer':
      return node.primary.node === undefined ? new Map() : callsOfNode(node.primary.node, isNextSent);
  }
}

function merged(some: Calls, others: Calls, combine: (a: number, b: number) => number): Calls {
  const result = new Map(some);
  for (const [name, count] of others) result.set(name, combine(result.get(name) ?? 0, count));
  return result;
}

const sum = (a: number, b: number) => a + b;

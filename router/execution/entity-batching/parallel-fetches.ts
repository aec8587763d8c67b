import type { FetchNode, PlanNode } from '@apollo/query-planner';

/**
 * Returns the entity fetches of a plan that may be sent in one request with others, because another entity
 * fetch of the same subgraph may be in flight at the same time.
 */
export function parallelFetches(root: PlanNode): ReadonlySet<FetchNode> {
  const found = new Set<FetchNode>();
  const visit = (node: PlanNode | undefined): readonly FetchNode[] => {
    switch (node?.kind) {
      case undefined:
      case 'Defer':
        return [];
      case 'Fetch':
        return node.requires === undefined ? [] : [node];
      case 'Flatten':
        return visit(node.node);
      case 'Condition':
        return [...visit(node.ifClause), ...visit(node.elseClause)];
      case 'Sequence':
        return node.nodes.flatMap(visit);
      case 'Parallel': {
        const branches = node.nodes.map(visit);
        for (const fetch of inSeveral(branches)) found.add(fetch);
        return branches.flat();
      }
    }
  };
  visit(root);
  return found;
}

/** Returns the fetches whose subgraph is also called in another branch of the same Parallel node. */
function inSeveral(branches: readonly (readonly FetchNode[])[]): readonly FetchNode[] {
  const askedBy = branches.map((branch) => new Set(branch.map(({ serviceName }) => serviceName)));
  return branches.flatMap((branch, index) =>
    branch.filter(({ serviceName }) =>
      askedBy.some((services, other) => other !== index && services.has(serviceName)),
    ),
  );
}

import type { PlanNode } from '@apollo/query-planner';

/**
 * Returns a copy of a plan node in which `change` was applied to each child. A Fetch node has no children.
 */
export function mapChildren(node: PlanNode, change: (child: PlanNode) => PlanNode): PlanNode {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(change) };
    case 'Flatten':
      return { ...node, node: change(node.node) };
    case 'Condition':
      return {
        ...node,
        ...(node.ifClause && { ifClause: change(node.ifClause) }),
        ...(node.elseClause && { elseClause: change(node.elseClause) }),
      };
    case 'Fetch':
      return node;
    case 'Defer':
      throw new Error('bug: the plan contains @defer');
  }
}

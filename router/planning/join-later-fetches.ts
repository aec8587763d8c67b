import { Kind } from 'graphql';
import type { SelectionNode } from 'graphql';
import type {
  FetchNode,
  FlattenNode,
  PlanNode,
  QueryPlan,
  QueryPlanSelectionNode,
} from '@apollo/query-planner';
import { readEntityOperation } from './patch/entity-operation.ts';
import { mapChildren } from './prepare/map-children.ts';

/**
 * Lets a fetch wait for a later fetch of the same subgraph and objects, so that one request serves both. For
 * example, `inStock` waits for `shippingEstimate`, which requires the weight from another subgraph.
 *
 * Only a fetch of leaf fields waits, and only if no other fetch waits for it. The response needs the later
 * fetch in any case, so waiting for that fetch rarely delays the response.
 */
export function joinLaterFetches(plan: QueryPlan): QueryPlan {
  if (plan.node === undefined || plan.node.kind === 'Subscription') return plan;
  return { ...plan, node: joinIn(plan.node) };
}

function joinIn(node: PlanNode): PlanNode {
  switch (node.kind) {
    case 'Fetch':
    case 'Flatten':
    case 'Defer':
      return node;
    case 'Condition':
    case 'Sequence':
      return mapChildren(node, joinIn);
    case 'Parallel':
      return joinInParallel(node.nodes.map(joinIn));
  }
}

function joinInParallel(nodes: readonly PlanNode[]): PlanNode {
  let joined = nodes;
  for (const node of nodes) {
    const fetch = placedFetch(node);
    if (fetch === undefined || !hasLeavesOnly(fetch)) continue;
    const others = joined.filter((other) => other !== node);
    const at = others.findIndex((other) => isLater(other, fetch));
    if (at !== -1) joined = others.map((other, index) => (index === at ? withFetch(other, fetch) : other));
  }
  const [only, ...others] = joined;
  return only !== undefined && others.length === 0 ? only : { kind: 'Parallel', nodes: [...joined] };
}

/** An entity fetch and the path of its entities in the response. */
type PlacedFetch = { readonly node: FlattenNode; readonly fetch: FetchNode; readonly path: string };

function placedFetch(node: PlanNode): PlacedFetch | undefined {
  if (node.kind !== 'Flatten' || node.node.kind !== 'Fetch') return undefined;
  const fetch = node.node;
  const hasContext = (fetch.contextRewrites ?? []).length > 0;
  return fetch.requires === undefined || hasContext ? undefined : { node, fetch, path: node.path.join('.') };
}

function hasLeavesOnly({ fetch }: PlacedFetch): boolean {
  const isLeaf = (selection: SelectionNode): boolean =>
    selection.kind === Kind.FIELD
      ? selection.selectionSet === undefined
      : selection.kind === Kind.INLINE_FRAGMENT && selection.selectionSet.selections.every(isLeaf);
  return readEntityOperation(fetch.operation)?.selectionSet.selections.every(isLeaf) === true;
}

/**
 * Returns whether the node is a sequence in which a step after the first has a fetch that `fetch` can join.
 */
function isLater(node: PlanNode, fetch: PlacedFetch): boolean {
  return node.kind === 'Sequence' && node.nodes.slice(1).some((step) => canJoin(step, fetch));
}

function canJoin(step: PlanNode, fetch: PlacedFetch): boolean {
  if (step.kind === 'Parallel') return step.nodes.some((node) => canJoin(node, fetch));
  const later = placedFetch(step);
  return (
    later !== undefined &&
    later.path === fetch.path &&
    later.fetch.serviceName === fetch.fetch.serviceName &&
    typesIn(fetch.fetch.requires).isSubsetOf(typesIn(later.fetch.requires))
  );
}

/** Returns the types of the entities of a fetch, as named in the type conditions of its `requires`. */
function typesIn(requires: readonly QueryPlanSelectionNode[] = []): ReadonlySet<string | undefined> {
  return new Set(
    requires.map((selection) => (selection.kind === 'InlineFragment' ? selection.typeCondition : undefined)),
  );
}

function withFetch(node: PlanNode, fetch: PlacedFetch): PlanNode {
  if (node.kind !== 'Sequence') return node;
  const at = node.nodes.findIndex((step, index) => index > 0 && canJoin(step, fetch));
  return { ...node, nodes: node.nodes.map((step, index) => (index === at ? beside(step, fetch) : step)) };
}

function beside(step: PlanNode, { node }: PlacedFetch): PlanNode {
  const steps = step.kind === 'Parallel' ? step.nodes : [step];
  return { kind: 'Parallel', nodes: [...steps, node] };
}

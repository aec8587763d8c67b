import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { readEntitySelection } from './entity-selection.ts';

/** A call to a subgraph in a plan. */
export type PlannedFetch = {
  /** Index of the fetch in the plan, as in `extensions.trace`. */
  readonly id: number;
  readonly subgraph: string;
  /** Path of the objects for which fields are fetched; empty for root fields. `@` stands for a list. */
  readonly path: readonly string[];
  /** Ids of the fetches that must end before this one begins. */
  readonly dependsOn: readonly number[];
  /** Id of the fetch in whose request this one is sent; null if it has a request of its own. */
  readonly sentWith: number | null;
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** Document that the subgraph receives. */
  readonly operation: string;
  /** Fields of the representations, such as `{ ... on Product { upc } }`; undefined for root fields. */
  readonly requires: string | undefined;
  /** Variables of the conditions (`@skip`, `@include`) under which the fetch runs, such as `!$short`. */
  readonly conditions: readonly string[];
};

type SeparateFetch = Omit<PlannedFetch, 'sentWith'>;

/**
 * Lists the fetches of a plan, in the order in which the executor numbers them.
 * @param mergesFetches whether fetches of one subgraph that begin at the same time are sent in one request
 */
export function planFetches(
  { node }: QueryPlan,
  { mergesFetches }: { readonly mergesFetches: boolean },
): readonly PlannedFetch[] {
  const fetches: SeparateFetch[] = [];
  visit(node?.kind === 'Subscription' ? node.rest : node, { path: [], conditions: [] }, [], fetches);
  return mergesFetches ? withRequests(fetches) : fetches.map((fetch) => ({ ...fetch, sentWith: null }));
}

/**
 * Adds to each fetch the id of the fetch in whose request it is sent. Fetches of one subgraph are sent
 * together if they have the same conditions and begin when the same requests have ended.
 */
function withRequests(fetches: readonly SeparateFetch[]): readonly PlannedFetch[] {
  const senders = new Map<string, number>();
  const sent: PlannedFetch[] = [];
  const senderOf = (id: number) => sent[id]?.sentWith ?? id;
  for (const fetch of fetches) {
    const { id, subgraph, conditions, operation, requires } = fetch;
    const isMergeable = requires !== undefined && readEntitySelection({ operation }, id) !== undefined;
    const begins = distinct(fetch.dependsOn.map(senderOf)).toSorted((a, b) => a - b);
    const key = isMergeable ? JSON.stringify([subgraph, conditions, begins]) : `alone ${id}`;
    const sender = senders.get(key);
    if (sender === undefined) senders.set(key, id);
    sent.push({ ...fetch, sentWith: sender ?? null });
  }
  return sent;
}

type Place = Pick<PlannedFetch, 'path' | 'conditions'>;

/**
 * Adds the fetches of a plan node to `fetches`. They begin when the fetches with the ids `before` have ended.
 * Returns the ids of the fetches for which the next node of a sequence waits.
 */
function visit(
  node: PlanNode | undefined,
  place: Place,
  before: readonly number[],
  fetches: SeparateFetch[],
): readonly number[] {
  switch (node?.kind) {
    case undefined:
      return before;
    case 'Sequence':
      return node.nodes.reduce((last, child) => visit(child, place, last, fetches), before);
    case 'Parallel':
      return distinct(
        node.nodes.length === 0
          ? before
          : node.nodes.flatMap((child) => visit(child, place, before, fetches)),
      );
    case 'Flatten':
      return visit(node.node, { ...place, path: [...place.path, ...node.path.map(String)] }, before, fetches);
    case 'Condition': {
      const under = (condition: string) => ({ ...place, conditions: [...place.conditions, condition] });
      return distinct([
        ...visit(node.ifClause, under(`$${node.condition}`), before, fetches),
        ...visit(node.elseClause, under(`!$${node.condition}`), before, fetches),
      ]);
    }
    case 'Defer':
      return visit(node.primary.node, place, before, fetches);
    case 'Fetch':
      fetches.push(plannedFetch(node, { ...place, id: fetches.length, dependsOn: before }));
      return [fetches.length - 1];
  }
}

function plannedFetch(
  { serviceName, operation, operationKind, requires }: FetchNode,
  placed: Place & Pick<PlannedFetch, 'id' | 'dependsOn'>,
): SeparateFetch {
  return {
    id: placed.id,
    subgraph: serviceName,
    path: placed.path,
    dependsOn: placed.dependsOn,
    kind: operationKind,
    operation,
    requires: requires && selectionText(requires),
    conditions: placed.conditions,
  };
}

type Selections = NonNullable<FetchNode['requires']>;

function selectionText(selections: Selections): string {
  const members = selections.map((selection) => {
    const nested = selection.selections === undefined ? '' : ` ${selectionText([...selection.selections])}`;
    if (selection.kind === 'Field') return `${selection.name}${nested}`;
    return `...${selection.typeCondition === undefined ? '' : ` on ${selection.typeCondition}`}${nested}`;
  });
  return `{ ${members.join(' ')} }`;
}

function distinct(ids: readonly number[]): readonly number[] {
  return [...new Set(ids)];
}

import { OperationTypeNode, parse } from 'graphql';
import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import type { FetchProgram } from './fetch-program.ts';
import { RouterError } from '../../shared/errors.ts';
import { compileCollect } from './collect.ts';
import { baseOf, indexDeliveries } from '../fetch/delivery.ts';
import type { Deliveries, FetchReference } from '../fetch/delivery.ts';
import { readEntitySelection } from '../../planning/entity-selection.ts';
import { entityKeys, haveDistinctRepresentations } from './entity-key.ts';
import { fetchFields } from '../fetch/fetch-fields.ts';
import { fetchShape } from '../fetch/fetch-shape.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import { compileMerge } from './merge.ts';
import { MergedDocuments } from '../entity-batching/merged-documents.ts';
import { parallelFetches } from '../entity-batching/parallel-fetches.ts';
import { exactPositions } from '../codegen/exact-positions.ts';
import type { PlannedNames } from '../fetch/planned-names.ts';
import { compileContext } from './context.ts';
import { compileJointFetch } from './joint-fetch.ts';
import { compileRepresentation } from './representation.ts';
import type { PlanProgram } from './plan-node.ts';
import { joinLaterFetches } from '../../planning/join-later-fetches.ts';
import { planDependencies } from './plan-dependencies.ts';
import { compileRewrites } from '../fetch/rewrite.ts';
import { copyOnWritePaths } from './copy-on-write.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';

/** A compiled plan: its root node, which is undefined if nothing is fetched, and all of its fetches. */
export type CompiledPlan = {
  readonly program: PlanProgram | undefined;
  readonly fetches: readonly FetchProgram[];
  /** For each fetch, the indices of the fetches that must end before it begins. */
  readonly dependsOn: readonly (readonly number[])[];
  readonly mergedDocuments: MergedDocuments;
  readonly deliveries: Deliveries;
  readonly types: SupergraphTypes;
};

/**
 * A fetch node of the plan, the path of the objects for which it fetches fields, and the response keys that
 * it delivers to them.
 */
type PlacedFetch = FetchReference & {
  readonly node: FetchNode;
  /** The fetch's GraphQL document without its operation name, which would differ between equal fetches. */
  readonly text: string;
  readonly requires: FetchNode['requires'];
  readonly path: readonly string[];
  readonly shape: FetchShape;
};

export type PlanSurroundings = {
  readonly types: SupergraphTypes;
  readonly names: PlannedNames;
  /** True if parallel entity fetches of one subgraph are sent in one request. */
  readonly mergesFetches: boolean;
};

/**
 * Compiles all fetches of a plan, and the order in which they run.
 * @throws {RouterError} OPERATION_NOT_PLANNABLE for unsupported parts: subscriptions and `@defer`
 */
export function compilePlan(
  plan: QueryPlan,
  { types, names, mergesFetches }: PlanSurroundings,
): CompiledPlan {
  const { node } = mergesFetches ? joinLaterFetches(plan) : plan;
  if (node?.kind === 'Subscription') throw unsupported('subscriptions are not supported');
  const placed = node === undefined ? [] : placeFetches(node);
  const deliveries = indexDeliveries(placed);
  const mergeable = mergesFetches && node !== undefined ? parallelFetches(node) : new Set<FetchNode>();
  const fetches = placed.map((fetch) => compileFetch(fetch, { placed, deliveries, types, names, mergeable }));
  // `compileNode` takes one compiled fetch for each Fetch node of the plan. It must visit the nodes in the
  // same order as `placeFetches`. Otherwise a node would get the compiled form of another fetch.
  const remaining = fetches.values();
  const program = node && compileNode(node, remaining, names);
  return {
    program,
    fetches,
    dependsOn: planDependencies(program),
    deliveries,
    types,
    mergedDocuments: new MergedDocuments(),
  };
}

function placeFetches(root: PlanNode): readonly PlacedFetch[] {
  const placed: PlacedFetch[] = [];
  const visit = (node: PlanNode | undefined, path: readonly string[]): void => {
    switch (node?.kind) {
      case undefined:
        return;
      case 'Sequence':
      case 'Parallel':
        for (const child of node.nodes) visit(child, path);
        return;
      case 'Flatten':
        visit(node.node, [...path, ...node.path.map(String)]);
        return;
      case 'Condition':
        visit(node.ifClause, path);
        visit(node.elseClause, path);
        return;
      case 'Fetch':
        placed.push({
          index: placed.length,
          service: node.serviceName,
          node,
          text: anonymousText(node),
          path,
          shape: fetchShape(node),
          requires: node.requires,
        });
        return;
      case 'Defer':
        throw unsupported('@defer is not supported');
    }
  };
  visit(root, []);
  return placed;
}

function compileNode(node: PlanNode, fetches: Iterator<FetchProgram>, names: PlannedNames): PlanProgram {
  const compile = (child: PlanNode) => compileNode(child, fetches, names);
  switch (node.kind) {
    case 'Sequence':
      return { kind: 'sequence', nodes: node.nodes.map(compile) };
    case 'Parallel':
      return { kind: 'parallel', nodes: node.nodes.map(compile) };
    case 'Flatten':
      return compile(node.node);
    case 'Condition': {
      const variable = names.variableOf(node.condition);
      const consequent = node.ifClause && compile(node.ifClause);
      return {
        kind: 'condition',
        variable,
        consequent,
        alternate: node.elseClause && compile(node.elseClause),
      };
    }
    case 'Fetch':
      return { kind: 'fetch', fetch: nextFetch(fetches) };
    case 'Defer':
      throw unsupported('@defer is not supported');
  }
}

function nextFetch(fetches: Iterator<FetchProgram>): FetchProgram {
  const next = fetches.next();
  if (next.done === true) throw new Error('bug: the plan has a fetch without a program');
  return next.value;
}

type FetchContext = {
  readonly placed: readonly PlacedFetch[];
  readonly deliveries: Deliveries;
  readonly types: SupergraphTypes;
  readonly names: PlannedNames;
  readonly mergeable: ReadonlySet<FetchNode>;
};

function compileFetch(fetch: PlacedFetch, context: FetchContext): FetchProgram {
  const { placed, deliveries, types, names, mergeable } = context;
  const { node, text, path, shape, index, service } = fetch;
  const { requires, variableUsages = [] } = node;
  const fromContext = compileContext(node, types);
  const isFromContext = (name: string) => fromContext?.some((argument) => argument.name === name) === true;
  if (node.operationKind === OperationTypeNode.SUBSCRIPTION)
    throw unsupported('subscriptions are not supported');
  const document = parse(text, { noLocation: true });
  // The earlier fetch whose response is searched for the objects of this fetch; undefined if the merged data
  // of all fetches is searched. Plans with context arguments (`@fromContext`) need the merged data: an entity
  // with different argument values has a copy for each of them there, but not in a response.
  const base = hasContexts(placed) ? undefined : baseOf(path, placed, deliveries);
  const entityKey = base && entityKeys(path, base.fetch, placed);
  const equal = placed.filter((other) => hasEqualText(other, fetch));
  const variablesOf = ({ node: { variableUsages = [] } }: PlacedFetch) =>
    variableUsages.map((name) => ({ name: names.variableOf(name), prefix: `${JSON.stringify(name)}:` }));
  const isMergeable = mergeable.has(node) && fromContext === undefined;
  return {
    index,
    service,
    operation: node.operationKind,
    bodyPrefix: `{"query":${JSON.stringify(text)}`,
    variables: variablesOf(fetch).filter((_, at) => !isFromContext(variableUsages[at] ?? '')),
    path,
    collect: compileCollect(base?.path ?? path, entityKey),
    base: base?.fetch.index,
    collectedBy: placed.find((other) => other.path.join() === path.join())?.index ?? index,
    isDeduplicated: entityKey !== undefined,
    areDistinct: entityKey !== undefined && haveDistinctRepresentations(entityKey, node, types),
    represent: requires && compileRepresentation(requires, node.inputRewrites, types),
    context: fromContext,
    rewriteOutput: compileRewrites(node.outputRewrites, types),
    shape,
    fields: fetchFields(document),
    exact: exactPositions(document, node.operationKind, types),
    copyOnWritePaths: copyOnWritePaths(placed.flatMap((other) => pathBelow(fetch, other))),
    merge: compileMerge(shape, types),
    isRepeated: equal.length > 1,
    entitySelection: isMergeable ? readEntitySelection(node, equal[0]?.index ?? index) : undefined,
    joint: isMergeable
      ? compileJointFetch(
          fetch,
          placed.filter((other) => mergeable.has(other.node)),
          {
            types,
            fetchCount: placed.length,
            variablesOf,
            selectionIdOf: (one) => placed.find((other) => hasEqualText(other, one))?.index ?? one.index,
          },
        )
      : undefined,
  };
}

function hasEqualText(one: PlacedFetch, other: PlacedFetch): boolean {
  return one.service === other.service && one.text === other.text;
}

function hasContexts(placed: readonly PlacedFetch[]): boolean {
  return placed.some(({ node }) => (node.contextRewrites ?? []).length > 0);
}

function pathBelow({ path }: PlacedFetch, other: PlacedFetch): readonly (readonly string[])[] {
  const isBelow = other.path.length > path.length && path.every((element, at) => element === other.path[at]);
  return isBelow ? [other.path.slice(path.length)] : [];
}

/**
 * Returns the text of a fetch without its operation name, so that equal fetches of different operations have
 * equal texts.
 */
function anonymousText({ operation, operationKind, operationName }: FetchNode): string {
  const named = `${operationKind} ${operationName}`;
  if (operationName === undefined || !operation.startsWith(named)) return operation;
  return `${operationKind}${operation.slice(named.length)}`;
}

function unsupported(message: string): RouterError {
  return new RouterError('OPERATION_NOT_PLANNABLE', message);
}

import { parse } from 'graphql';
import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { exactPositions } from '../codegen/exact-positions.ts';
import type { SupergraphTypes } from '../codegen/supergraph-types.ts';
import type { JointFetch } from '../entity-batching/merged-documents.ts';
import { fetchFields } from '../fetch/fetch-fields.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import type { FetchVariable } from '../fetch/request-body.ts';
import { readEntitySelection } from '../../planning/entity-selection.ts';
import { printEntityOperation, readEntityOperation } from '../../planning/patch/entity-operation.ts';

/** A fetch of the plan that may be part of a merged request. */
type JoiningFetch = FetchReference & {
  readonly node: FetchNode;
  readonly requires: FetchNode['requires'];
  /** The fetch's GraphQL document without its operation name, which would differ between equal fetches. */
  readonly text: string;
  readonly path: readonly string[];
  readonly shape: FetchShape;
};

type Surroundings<Fetch> = {
  readonly types: SupergraphTypes;
  /** Number of fetches of the plan. */
  readonly fetchCount: number;
  /** Returns the number that identifies the selection of a fetch within the plan. */
  readonly selectionIdOf: (fetch: Fetch) => number;
  readonly variablesOf: (fetch: Fetch) => readonly FetchVariable[];
};

/**
 * Joins the selection of `fetch` to that of another fetch for the same objects, so that one `_entities` field
 * serves both. The other fetch must send representations with everything that `fetch` requires. Returns
 * undefined if there is no such fetch.
 */
export function compileJointFetch<Fetch extends JoiningFetch>(
  fetch: Fetch,
  others: readonly Fetch[],
  surroundings: Surroundings<Fetch>,
): JointFetch | undefined {
  const carrier = others.find((other) => other !== fetch && canCarry(other, fetch));
  return carrier && joint(carrier, fetch, surroundings);
}

function canCarry(carrier: JoiningFetch, fetch: JoiningFetch): boolean {
  return (
    carrier.service === fetch.service &&
    carrier.path.join() === fetch.path.join() &&
    !keysOf(fetch).some((key) => carrier.shape.has(key)) &&
    !hasRewrites(fetch.node) &&
    (carrier.node.outputRewrites ?? []).length === 0 &&
    (carrier.node.contextRewrites ?? []).length === 0 &&
    contains(carrier.requires, fetch.requires) &&
    !contains(fetch.requires, carrier.requires)
  );
}

function keysOf({ shape }: JoiningFetch): readonly string[] {
  return [...shape.keys()].filter((key) => key !== '__typename');
}

function hasRewrites({ inputRewrites = [], outputRewrites = [], contextRewrites = [] }: FetchNode): boolean {
  return inputRewrites.length + outputRewrites.length + contextRewrites.length > 0;
}

type Requires = readonly QueryPlanSelectionNode[] | undefined;

/**
 * Returns whether `all` contains every required field of `some`. The fields of each entity type are compared
 * separately.
 */
function contains(all: Requires = [], some: Requires = []): boolean {
  const fields = requiredFields(all);
  return requiredFields(some).isSubsetOf(fields);
}

function requiredFields(requires: readonly QueryPlanSelectionNode[]): ReadonlySet<string> {
  return new Set(
    requires.flatMap((selection) =>
      selection.kind === 'Field'
        ? [JSON.stringify(selection)]
        : selection.selections.map((field) => `${selection.typeCondition} ${JSON.stringify(field)}`),
    ),
  );
}

function joint<Fetch extends JoiningFetch>(
  carrier: Fetch,
  fetch: Fetch,
  { types, fetchCount, selectionIdOf, variablesOf }: Surroundings<Fetch>,
): JointFetch | undefined {
  const first = readEntityOperation(carrier.text);
  const second = readEntityOperation(fetch.text);
  if (first === undefined || second === undefined) return undefined;
  const definitions = new Map(
    [first, second]
      .flatMap(({ operation }) => operation.variableDefinitions ?? [])
      .map((definition) => [definition.variable.name.value, definition]),
  );
  const operation = printEntityOperation(
    {
      ...first,
      operation: { ...first.operation, variableDefinitions: [...definitions.values()] },
    },
    [...first.selectionSet.selections, ...second.selectionSet.selections],
  );
  const id = fetchCount * (1 + selectionIdOf(carrier)) + selectionIdOf(fetch);
  const entitySelection = readEntitySelection({ operation }, id);
  if (entitySelection === undefined) return undefined;
  const document = parse(operation, { noLocation: true });
  const variables = [...variablesOf(carrier), ...variablesOf(fetch)];
  return {
    carrier: carrier.index,
    carriedKeys: new Set(keysOf(fetch)),
    fetch: {
      service: fetch.service,
      represent: true,
      bodyPrefix: `{"query":${JSON.stringify(operation)}`,
      variables: [...new Map(variables.map((variable) => [variable.prefix, variable])).values()],
      fields: fetchFields(document),
      exact: exactPositions(document, 'query', types),
      entitySelection,
    },
  };
}

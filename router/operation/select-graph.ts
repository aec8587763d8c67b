import type { Config } from '../config/config-schema.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { RouterError } from '../shared/errors.ts';
import { satisfies } from '../request/identity.ts';
import type { ClaimCondition, Identity } from '../request/identity.ts';

/**
 * Returns the name of the contract (configured part of the graph) that a request is for; undefined for the
 * whole graph.
 * @throws {RouterError} NOT_FOUND if the request was sent to a contract's `path` but does not meet its
 * condition `when`
 */
export type SelectGraph = (
  request: Pick<ClientRequest, 'graph' | 'headers'>,
  identity: Identity,
) => string | undefined;

type When = NonNullable<Config['graphs'][string]['when']>;

/**
 * Creates the function that selects the contract (configured part of the graph) for a request: the one to
 * whose `path` the request was sent, otherwise the first whose condition `when` the request meets.
 */
export function createGraphSelection(graphs: Config['graphs']): SelectGraph {
  const conditional = Object.entries(graphs).flatMap(([name, { path, when }]) =>
    when === undefined || path !== undefined ? [] : [{ name, when }],
  );
  return (request, identity) => {
    if (request.graph === undefined)
      return conditional.find(({ when }) => holds(when, request, identity))?.name;
    const when = graphs[request.graph]?.when;
    if (when !== undefined && !holds(when, request, identity))
      throw new RouterError('NOT_FOUND', 'the graph at this path is not served to this request');
    return request.graph;
  };
}

/**
 * Returns the conditions on token claims in the configuration `graphs.*.when`. They are evaluated when a
 * token is verified.
 */
export function graphConditions(graphs: Config['graphs']): readonly ClaimCondition[] {
  return Object.values(graphs).flatMap(({ when }) =>
    when?.claim === undefined ? [] : [{ claim: when.claim, value: when.value }],
  );
}

function holds(
  { header, claim, value }: When,
  { headers }: Pick<ClientRequest, 'headers'>,
  identity: Identity,
): boolean {
  if (header !== undefined) return headers[header.toLowerCase()] === value;
  return claim !== undefined && satisfies(identity, { claim, value });
}

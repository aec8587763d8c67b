import type { Config } from '../config/config-schema.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { RouterError } from '../shared/errors.ts';
import { satisfies } from '../request/identity.ts';
import type { ClaimCondition, Identity } from '../request/identity.ts';

/**
 * Returns the name of the contract that a request is for; undefined for the whole graph.
 * @throws {RouterError} NOT_FOUND if the request was sent to the path of a contract but does not meet the
 * contract's condition `when`
 */
export type SelectGraph = (
  request: Pick<ClientRequest, 'graph' | 'headers'>,
  identity: Identity,
) => string | undefined;

type When = NonNullable<Config['graphs'][string]['when']>;

/**
 * Creates the function that selects the contract of a request: the one whose `path` the request was sent to,
 * otherwise the first whose condition `when` the request meets.
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
 * Returns the conditions on claims in `graphs.*.when`. The authenticator evaluates them when it verifies a
 * token.
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

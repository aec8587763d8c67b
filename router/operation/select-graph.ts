import type { Config } from '../config/config-schema.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { claimCondition } from '../request/identity.ts';
import type { Identity } from '../request/identity.ts';

/** Returns the name of the contract that a request is for; undefined for the whole graph. */
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
  const conditional = Object.entries(graphs).flatMap(([name, { when }]) =>
    when === undefined ? [] : [{ name, when }],
  );
  return (request, identity) =>
    request.graph ?? conditional.find(({ when }) => holds(when, request, identity))?.name;
}

/**
 * Returns the conditions on claims in `graphs.*.when`. The authenticator evaluates them when it verifies a
 * token.
 */
export function graphClaims(graphs: Config['graphs']): readonly string[] {
  return Object.values(graphs).flatMap(({ when }) =>
    when?.claim === undefined ? [] : [claimCondition(when.claim, when.value)],
  );
}

function holds(
  { header, claim, value }: When,
  { headers }: Pick<ClientRequest, 'headers'>,
  identity: Identity,
): boolean {
  if (header !== undefined) return headers[header.toLowerCase()] === value;
  if (claim === undefined || identity.kind !== 'user') return false;
  return identity.trueClaims?.includes(claimCondition(claim, value)) === true;
}

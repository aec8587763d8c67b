import type { Evidence } from './responses.ts';
import type { ReceivedExchange } from './responses.ts';
import type { Exchange, RouterLife } from './history.ts';
import type { Violation } from './violations.ts';

/** Maximum time between a swap in a router and the line about it in its log. */
const SWAP_MS = 50;

/**
 * Checks that one supergraph serves a request from its beginning to its end, and that this supergraph was
 * active when the request began.
 */
export function checkGenerations(evidence: Evidence): readonly Violation[] {
  return [
    ...evidence.exchanges.flatMap((exchange) => mixedWays(exchange, evidence)),
    ...evidence.received.flatMap((exchange) => faultsOf(exchange, evidence)),
  ].map(({ detail, id }) => ({ invariant: 'generation', detail, requestId: id }));
}

type Fault = { readonly detail: string; readonly id: string };

/** Each edition has its own addresses, so a request without a response must not have called both. */
function mixedWays({ id }: Exchange, { seenOf }: Evidence): readonly Fault[] {
  const ways = editionsSeen(id, seenOf);
  return ways.size <= 1 ? [] : [{ detail: `its calls went by ${[...ways].join(' and ')}`, id }];
}

function editionsSeen(id: string, seenOf: Evidence['seenOf']): ReadonlySet<string> {
  return new Set(seenOf(id).flatMap(({ way }) => (way === 'service' ? [] : [way])));
}

function faultsOf(exchange: ReceivedExchange, evidence: Evidence): readonly Fault[] {
  const { id, outcome, operation } = exchange;
  const version = outcome.headers['x-supergraph-version'];
  if (version === undefined)
    return outcome.status === 200 ? [{ detail: 'the response does not name a supergraph', id }] : [];
  const edition = evidence.editions.get(version);
  if (edition === undefined) return [{ detail: `the supergraph ${version} was never published`, id }];
  const called = [...editionsSeen(id, evidence.seenOf)].find((way) => way !== edition);
  const logged = evidence.lineOf(id)?.generation;
  // Only the first edition has the field that `labels` selects.
  const isServable = operation.name !== 'labels' || edition === 'first';
  return [
    ...(called === undefined
      ? []
      : [`the response is from the ${edition} edition, a call from the ${called}`]),
    ...(logged === undefined || logged === version ? [] : [`the log has ${logged}, the response ${version}`]),
    ...(isServable === (outcome.status === 200)
      ? []
      : [`the ${edition} edition cannot have returned that response`]),
    ...(wasServing(version, exchange, evidence)
      ? []
      : [`${version} did not serve while the request was in flight`]),
  ].map((detail) => ({ detail, id }));
}

function wasServing(version: string, { router, began, ended }: Exchange, { routerLives }: Evidence): boolean {
  const lives = routerLives.filter((life) => life.router === router && life.began <= ended);
  return lives.some((life) =>
    life.served.some(({ at, generation }, index) => {
      const until = life.served[index + 1]?.at ?? endOf(life);
      return generation === version && at - SWAP_MS <= ended && until + SWAP_MS >= began;
    }),
  );
}

function endOf({ ended }: RouterLife): number {
  return ended?.at ?? Number.POSITIVE_INFINITY;
}

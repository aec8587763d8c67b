import { isRecord } from '../../router/shared/is-record.ts';
import type { ReceivedExchange, Evidence } from './responses.ts';
import type { Exchange } from './history.ts';
import { MUTATED } from './operations.ts';
import type { OperationName } from './operations.ts';
import type { Violation } from './violations.ts';

/** Checks that each mutation is delivered at most once and that each confirmed mutation is stored. */
export function checkDelivery(evidence: Evidence): readonly Violation[] {
  const mutations = evidence.exchanges.filter(({ operation }) => operation.kind === 'mutation');
  return [
    ...mutations.flatMap((exchange) => repeated(exchange, evidence)),
    ...evidence.received.filter(isConfirmed).flatMap((exchange) => unkept(exchange, evidence)),
    ...doubled(evidence),
    ...miscounted(evidence),
  ];
}

function deliveriesOf({ id, operation }: Exchange, { seenOf }: Evidence): number {
  const subgraph = mutatedBy(operation.name);
  return seenOf(id).filter((sighting) => sighting.subgraph === subgraph && sighting.way !== 'service').length;
}

function mutatedBy(name: OperationName): string | undefined {
  return new Map<string, string>(Object.entries(MUTATED)).get(name);
}

function repeated(exchange: Exchange, evidence: Evidence): readonly Violation[] {
  const times = deliveriesOf(exchange, evidence);
  if (times <= 1) return [];
  return [{ invariant: 'delivery', detail: `it was delivered ${times} times`, requestId: exchange.id }];
}

function isConfirmed({ operation, outcome, response }: ReceivedExchange): boolean {
  if (operation.kind !== 'mutation' || outcome.status !== 200 || !isRecord(response?.data)) return false;
  return isRecord(response.data[operation.name]);
}

function unkept(exchange: ReceivedExchange, evidence: Evidence): readonly Violation[] {
  const requestId = exchange.id;
  if (deliveriesOf(exchange, evidence) === 0)
    return [{ invariant: 'delivery', detail: 'it was confirmed without having been delivered', requestId }];
  if (exchange.operation.name !== 'placeOrder') return [];
  const { data } = exchange.response ?? {};
  const placed = isRecord(data) && isRecord(data['placeOrder']) ? data['placeOrder']['id'] : undefined;
  const kept = evidence.ledger.orders.get(String(exchange.operation.variables['key']));
  if (kept?.length === 1 && kept[0] === placed) return [];
  const detail = `the order ${String(placed)} was confirmed, and the database has ${kept?.join() ?? 'none'}`;
  return [{ invariant: 'delivery', detail, requestId }];
}

function doubled({ ledger }: Evidence): readonly Violation[] {
  return [...ledger.orders].flatMap(([key, ids]): Violation[] =>
    ids.length <= 1 ? [] : [{ invariant: 'delivery', detail: `${key} has placed the orders ${ids.join()}` }],
  );
}

/**
 * Each delivery adds one piece, so the count is at least the confirmed and at most the delivered mutations.
 */
function miscounted(evidence: Evidence): readonly Violation[] {
  const of = (exchanges: readonly Exchange[], product: string) =>
    exchanges.filter(
      ({ operation }) => operation.name === 'adjustStock' && operation.variables['product'] === product,
    );
  return [...evidence.ledger.deliveries].flatMap(([product, booked]): Violation[] => {
    const confirmed = of(evidence.received.filter(isConfirmed), product).length;
    const delivered = of(evidence.exchanges, product).reduce(
      (sum, exchange) => sum + deliveriesOf(exchange, evidence),
      0,
    );
    if (confirmed <= booked && booked <= delivered) return [];
    const detail = `${product} has ${booked} pieces more: ${confirmed} were confirmed, ${delivered} delivered`;
    return [{ invariant: 'delivery', detail }];
  });
}

import { hash } from 'node:crypto';
import type { ReceivedExchange, Evidence } from './responses.ts';
import type { PointChange, Exchange, RouterLife, Take } from './history.ts';
import { fullLevelOf, levelAt } from './rate-limit-record.ts';
import { RATE_LIMITS, DEADLINE_MS, ROUTERS, WINDOW_S } from './settings.ts';
import type { Violation } from './violations.ts';

/**
 * Allowed difference between the clock of Redis and the clock of this process, which was read at the start
 * and has only been counted on since.
 */
const SKEW_MS = 50;

/** Maximum time between a response and the refund of calls that were not made. */
const SETTLING_MS = 250;

/** Maximum time between a client's abort and the end of its request. */
const ABORTED_MS = DEADLINE_MS + 1_000;

/**
 * Checks that every bucket keeps its limit, in Redis and in the routers, and that every served request is
 * charged.
 */
export function checkRateLimits(evidence: Evidence): readonly Violation[] {
  const served = evidence.received.filter(({ outcome }) => outcome.status === 200);
  const stores = Map.groupBy(served, storeOf);
  return [
    ...sharedBuckets(evidence.pointChanges),
    ...localBuckets(stores.get('local') ?? [], evidence),
    ...uncharged(stores.get('redis') ?? [], evidence),
    ...(stores.get('none') ?? []).map(({ id: requestId }): Violation => {
      return { invariant: 'charged', detail: 'the response does not name a budget of the caller', requestId };
    }),
  ];
}

/** Returns where the request was charged: the response names the capacity of the bucket. */
function storeOf({ operation, outcome }: ReceivedExchange): 'redis' | 'local' | 'none' {
  const size = Number(/^"[^"]*";q=(\d+)/.exec(outcome.headers['ratelimit-policy'] ?? '')?.[1]);
  const capacity = capacityOf({ operation });
  if (size === capacity) return 'redis';
  return size === capacity / ROUTERS ? 'local' : 'none';
}

function capacityOf({ operation }: Pick<Exchange, 'operation'>): number {
  return RATE_LIMITS[operation.caller?.tier ?? 'anonymous'] ?? 0;
}

/**
 * Simulates each bucket from full. A bucket that is never overdrawn admits at most capacity + rate × time in
 * every interval: exactly, in whole units, by the clock and the records of Redis. The level that Redis stores
 * must be that of the simulation.
 */
function sharedBuckets(changes: readonly PointChange[]): readonly Violation[] {
  const levels = new Map<string, { units: number; at: number }>();
  return changes.flatMap((change): readonly Violation[] => {
    const { life, at } = change;
    if (change.kind === 'stored') {
      const name = `${life} ${change.key}`;
      const simulated = levels.get(name)?.units;
      levels.set(name, { units: change.units, at });
      if (simulated === change.units) return [];
      const detail = `${change.key} has ${change.units} units in Redis at ${at}, its charges leave ${simulated}`;
      return [{ invariant: 'budget', detail }];
    }
    return change.takes.flatMap((take): Violation[] => {
      const name = `${life} ${take.key}`;
      const units = change.kind === 'charge' ? -unitsOf(take) : unitsOf(take);
      const level = levelAt(levels.get(name), at, take) + units;
      levels.set(name, { units: Math.min(Math.max(level, 0), fullLevelOf(take)), at });
      if (change.kind === 'refund' || level >= 0) return [];
      const over = (-level / take.windowMs).toFixed(3);
      return [
        { invariant: 'budget', detail: `${take.key} was overdrawn by ${over} points in Redis at ${at}` },
      ];
    });
  });
}

function unitsOf({ points, windowMs }: Take): number {
  return points * windowMs;
}

/**
 * While Redis is unavailable only responses show the points that a router admitted, and only that they were
 * charged between two moments. The requests within an interval count at their actual cost. Refunds of earlier
 * requests within the interval are added to the capacity.
 */
function localBuckets(served: readonly ReceivedExchange[], evidence: Evidence): readonly Violation[] {
  const groups = Map.groupBy(served, (exchange) => `${lifeOf(exchange, evidence)} ${callerOf(exchange)}`);
  return [...groups.values()].flatMap((group) => overdraft(group, evidence) ?? []);
}

function overdraft(group: readonly ReceivedExchange[], evidence: Evidence): Violation | undefined {
  const byEnd = group.toSorted((a, b) => a.ended - b.ended);
  const unseen = unseenBeside(group, evidence);
  for (const { began: from } of group) {
    const slack =
      sumOf(
        group,
        ({ began, ended }) => began < from && ended > from - SETTLING_MS,
        (each) => refundOf(each, evidence),
      ) +
      sumOf(
        unseen,
        ({ began, ended }) => began < from && ended > from - ABORTED_MS,
        (each) => costOf(each, evidence),
      );
    let admitted = 0;
    for (const exchange of byEnd) {
      if (exchange.began < from) continue;
      admitted += exchange.response?.cost?.actual ?? 0;
      const capacity = capacityOf(exchange) / ROUTERS;
      const bound = capacity * (1 + (exchange.ended - from) / (WINDOW_S * 1_000)) + slack;
      if (admitted <= bound + 1) continue;
      const ms = (exchange.ended - from).toFixed(0);
      const detail = `router ${exchange.router} admitted ${admitted} of ${bound.toFixed(0)} points in ${ms} ms without Redis`;
      return { invariant: 'budget', detail, requestId: exchange.id };
    }
  }
  return undefined;
}

function sumOf<T>(items: readonly T[], counts: (item: T) => boolean, value: (item: T) => number): number {
  return items.reduce((sum, item) => (counts(item) ? sum + value(item) : sum), 0);
}

/**
 * Returns the requests of the same caller to the same router that have no response: they are charged and
 * refunded, too.
 */
function unseenBeside([sample]: readonly ReceivedExchange[], { exchanges }: Evidence): readonly Exchange[] {
  if (sample === undefined) return [];
  return exchanges.filter(
    (exchange) =>
      exchange.outcome.kind !== 'received' &&
      exchange.router === sample.router &&
      callerOf(exchange) === callerOf(sample),
  );
}

function refundOf(exchange: ReceivedExchange, evidence: Evidence): number {
  return costOf(exchange, evidence) - (exchange.response?.cost?.actual ?? 0);
}

function lifeOf({ router, ended }: Exchange, { routerLives }: Evidence): number {
  const isBefore = (life: RouterLife) => life.router === router && life.began <= ended;
  return Math.max(...routerLives.filter(isBefore).map(({ began }) => began));
}

function callerOf({ operation }: Pick<Exchange, 'operation'>): string {
  return operation.caller?.id ?? 'anonymous';
}

function costOf({ operation }: Exchange, { costs }: Evidence): number {
  return costs.get(operation.kind === 'query' ? operation.key : operation.name) ?? 0;
}

/**
 * Points charged for a document before it is parsed; all documents of a run are shorter than
 * `rateLimit.documentLengthPerPoint`.
 */
const PREPAID = 1;

/**
 * Assigns to each request that was charged in Redis the charges that its caller paid while it was in flight:
 * one charge of its cost, or two if its document was charged before it was parsed. No charge is assigned to
 * two requests. The record does not say which request a charge belongs to, so this searches for an assignment
 * in which every request has its own charges.
 */
function uncharged(served: readonly ReceivedExchange[], evidence: Evidence): readonly Violation[] {
  const charges = Map.groupBy(chargesOf(evidence.pointChanges), ({ owner }) => owner);
  const callers = Map.groupBy(served, (exchange) => ownerOf(exchange, evidence.issuer));
  return [...callers].flatMap(([owner, exchanges]) =>
    withoutCharges(exchanges, charges.get(owner) ?? [], evidence).map((exchange): Violation => {
      const account = `${owner} ${costOf(exchange, evidence)}`;
      const detail = `no charge of ${account} points was made for it in Redis`;
      return { invariant: 'charged', detail, requestId: exchange.id };
    }),
  );
}

function withoutCharges(
  exchanges: readonly ReceivedExchange[],
  charges: readonly Charge[],
  evidence: Evidence,
): readonly ReceivedExchange[] {
  const byPoints = Map.groupBy(charges, ({ points }) => points);
  const during = (exchange: ReceivedExchange, points: number) =>
    (byPoints.get(points) ?? []).filter(({ at }) => isDuring(exchange, at));
  const restOf = (exchange: ReceivedExchange) => Math.max(costOf(exchange, evidence) - PREPAID, 1);
  const main = assign(exchanges, (exchange) => [
    ...during(exchange, costOf(exchange, evidence)),
    ...(during(exchange, PREPAID).length > 0 ? during(exchange, restOf(exchange)) : []),
  ]);
  const inParts = exchanges.filter((exchange) => {
    const charge = main.get(exchange);
    return charge !== undefined && charge.points !== costOf(exchange, evidence);
  });
  const taken = new Set(main.values());
  const first = assign(inParts, (exchange) =>
    during(exchange, PREPAID).filter((charge) => !taken.has(charge)),
  );
  return exchanges.filter(
    (exchange) => !main.has(exchange) || (inParts.includes(exchange) && !first.has(exchange)),
  );
}

function isDuring({ began, ended }: ReceivedExchange, at: number): boolean {
  return began - SKEW_MS <= at && at <= ended + SKEW_MS;
}

/**
 * Returns a maximum matching of charges to exchanges by augmenting paths. Earlier candidates of an exchange
 * are preferred.
 */
function assign(
  exchanges: readonly ReceivedExchange[],
  candidatesOf: (exchange: ReceivedExchange) => readonly Charge[],
): ReadonlyMap<ReceivedExchange, Charge> {
  const holders = new Map<Charge, ReceivedExchange>();
  const candidates = new Map(exchanges.map((exchange) => [exchange, candidatesOf(exchange)]));
  const place = (exchange: ReceivedExchange, tried: Set<Charge>): boolean =>
    (candidates.get(exchange) ?? []).some((charge) => {
      if (tried.has(charge)) return false;
      tried.add(charge);
      const holder = holders.get(charge);
      if (holder !== undefined && !place(holder, tried)) return false;
      holders.set(charge, exchange);
      return true;
    });
  for (const exchange of exchanges.toSorted((a, b) => a.ended - b.ended)) place(exchange, new Set());
  return new Map([...holders].map(([charge, exchange]) => [exchange, charge]));
}

type Charge = { readonly at: number; readonly owner: string; readonly points: number };

function chargesOf(changes: readonly PointChange[]): readonly Charge[] {
  return changes.flatMap((change) => {
    const own = change.kind === 'charge' ? change.takes[0] : undefined;
    if (own === undefined) return [];
    const owner = /:([ua]:[^:]+(?::[^/]*)?):\d+\/\d+$/.exec(own.key)?.[1] ?? '';
    return [{ at: change.at, owner, points: own.points }];
  });
}

/** Returns the caller's name as the keys of buckets contain it. */
function ownerOf({ operation }: Exchange, issuer: string): string {
  if (operation.caller === undefined) return 'a:127.0.0.1';
  return `u:${hash('sha256', `${issuer}\n${operation.caller.id}`, 'base64url').slice(0, 22)}`;
}

import { hash } from 'node:crypto';
import type { Answered, Evidence } from './answers.ts';
import type { PointChange, Exchange, RouterLife, Take } from './history.ts';
import { RATE_LIMITS, DEADLINE_MS, ROUTERS, WINDOW_S } from './settings.ts';
import type { Violation } from './violations.ts';

/**
 * Redis's clock and ours are one, but ours was read at the start of the process and has only been counted on
 * since.
 */
const SKEW_MS = 50;

/** Until what was not delivered is given back, after the answer. */
const SETTLING_MS = 250;

/** Until a request whose client has gone has ended. */
const GIVEN_UP_MS = DEADLINE_MS + 1_000;

/** Every bucket keeps its bound, in Redis and in the routers, and nobody is served on nobody's account. */
export function checkRateLimits(evidence: Evidence): readonly Violation[] {
  const served = evidence.answered.filter(({ outcome }) => outcome.status === 200);
  const stores = Map.groupBy(served, storeOf);
  return [
    ...sharedBuckets(evidence.pointChanges),
    ...localBuckets(stores.get('local') ?? [], evidence),
    ...uncharged(stores.get('redis') ?? [], evidence),
    ...(stores.get('none') ?? []).map(({ id: requestId }): Violation => {
      return { invariant: 'charged', detail: 'the answer names no budget of the caller', requestId };
    }),
  ];
}

/** Which bucket was charged: the answer tells its size. */
function storeOf({ operation, outcome }: Answered): 'redis' | 'local' | 'none' {
  const size = Number(/^"[^"]*";q=(\d+)/.exec(outcome.headers['ratelimit-policy'] ?? '')?.[1]);
  const capacity = capacityOf({ operation });
  if (size === capacity) return 'redis';
  return size === capacity / ROUTERS ? 'local' : 'none';
}

function capacityOf({ operation }: Pick<Exchange, 'operation'>): number {
  return RATE_LIMITS[operation.caller?.tier ?? 'anonymous'] ?? 0;
}

/**
 * A bucket that is never overdrawn, simulated from full, keeps capacity + rate × time in every interval:
 * exactly, in whole units, by Redis's own clock and from Redis's own account.
 */
function sharedBuckets(changes: readonly PointChange[]): readonly Violation[] {
  const levels = new Map<string, { units: number; at: number }>();
  return changes.flatMap(({ life, at, kind, takes }) =>
    takes.flatMap((take): Violation[] => {
      const key = `${life} ${take.key}`;
      const units = kind === 'charge' ? -unitsOf(take) : unitsOf(take);
      const level = levelAt(levels.get(key), at, take) + units;
      levels.set(key, { units: Math.min(Math.max(level, 0), take.capacity * take.windowMs), at });
      if (kind === 'refund' || level >= 0) return [];
      const over = (-level / take.windowMs).toFixed(3);
      return [
        { invariant: 'budget', detail: `${take.key} was overdrawn by ${over} points in Redis at ${at}` },
      ];
    }),
  );
}

function levelAt(known: { units: number; at: number } | undefined, at: number, take: Take): number {
  const full = take.capacity * take.windowMs;
  if (known === undefined) return full;
  return Math.min(full, known.units + Math.max(at - known.at, 0) * take.capacity);
}

function unitsOf({ points, windowMs }: Take): number {
  return points * windowMs;
}

/**
 * While Redis is gone only clients can tell what a router admitted, and only between which moments. What is
 * counted in an interval are the requests that lie in it, at what they cost in the end; what of earlier ones
 * may have been given back within it stands beside the capacity.
 */
function localBuckets(served: readonly Answered[], evidence: Evidence): readonly Violation[] {
  const groups = Map.groupBy(served, (exchange) => `${lifeOf(exchange, evidence)} ${callerOf(exchange)}`);
  return [...groups.values()].flatMap((group) => overdraft(group, evidence) ?? []);
}

function overdraft(group: readonly Answered[], evidence: Evidence): Violation | undefined {
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
        ({ began, ended }) => began < from && ended > from - GIVEN_UP_MS,
        (each) => costOf(each, evidence),
      );
    let admitted = 0;
    for (const exchange of byEnd) {
      if (exchange.began < from) continue;
      admitted += exchange.answer?.cost?.actual ?? 0;
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
 * Requests of the same caller to the same router whose answer nobody has seen: they are charged and given
 * back as well.
 */
function unseenBeside([sample]: readonly Answered[], { exchanges }: Evidence): readonly Exchange[] {
  if (sample === undefined) return [];
  return exchanges.filter(
    (exchange) =>
      exchange.outcome.kind !== 'answered' &&
      exchange.router === sample.router &&
      callerOf(exchange) === callerOf(sample),
  );
}

function refundOf(exchange: Answered, evidence: Evidence): number {
  return costOf(exchange, evidence) - (exchange.answer?.cost?.actual ?? 0);
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
 * Points that a document costs before it is parsed; all documents of a run are shorter than
 * `rateLimit.documentLengthPerPoint`.
 */
const PREPAID = 1;

/**
 * Gives each request that was served on Redis's account the charges of its caller that were made for it while
 * it was in flight: one of its cost, or two if its document was charged before it was parsed. No charge is
 * given to two requests. Which charge was made for which request is unknown, so this looks for an assignment
 * in which every request has its own.
 */
function uncharged(served: readonly Answered[], evidence: Evidence): readonly Violation[] {
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
  exchanges: readonly Answered[],
  charges: readonly Charge[],
  evidence: Evidence,
): readonly Answered[] {
  const byPoints = Map.groupBy(charges, ({ points }) => points);
  const during = (exchange: Answered, points: number) =>
    (byPoints.get(points) ?? []).filter(({ at }) => isDuring(exchange, at));
  const restOf = (exchange: Answered) => Math.max(costOf(exchange, evidence) - PREPAID, 1);
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

function isDuring({ began, ended }: Answered, at: number): boolean {
  return began - SKEW_MS <= at && at <= ended + SKEW_MS;
}

/**
 * A largest assignment of charges to exchanges, by augmenting paths. Earlier candidates of an exchange are
 * preferred.
 */
function assign(
  exchanges: readonly Answered[],
  candidatesOf: (exchange: Answered) => readonly Charge[],
): ReadonlyMap<Answered, Charge> {
  const holders = new Map<Charge, Answered>();
  const candidates = new Map(exchanges.map((exchange) => [exchange, candidatesOf(exchange)]));
  const place = (exchange: Answered, tried: Set<Charge>): boolean =>
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
  return changes.flatMap(({ at, kind, takes }) => {
    const [own] = takes;
    const owner = /:([ua]:[^:]+(?::[^/]*)?):\d+\/\d+$/.exec(own?.key ?? '')?.[1] ?? '';
    return kind === 'charge' && own !== undefined ? [{ at, owner, points: own.points }] : [];
  });
}

/** As the keys of buckets name a caller. */
function ownerOf({ operation }: Exchange, issuer: string): string {
  if (operation.caller === undefined) return 'a:127.0.0.1';
  return `u:${hash('sha256', `${issuer}\n${operation.caller.id}`, 'base64url').slice(0, 22)}`;
}

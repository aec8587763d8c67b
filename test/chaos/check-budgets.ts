import { hash } from 'node:crypto';
import type { Answered, Evidence } from './answers.ts';
import type { BudgetChange, Exchange, RouterLife, Take } from './history.ts';
import { BUDGETS, DEADLINE_MS, ROUTERS, WINDOW_S } from './settings.ts';
import type { Violation } from './violations.ts';

/** Redis's clock and ours are one, but ours was read at the start of the process and has only been counted on since. */
const SKEW_MS = 50;

/** Until what was not delivered is given back, after the answer. */
const SETTLING_MS = 250;

/** Until a request whose client has gone has ended. */
const GIVEN_UP_MS = DEADLINE_MS + 1_000;

/** Every bucket keeps its bound, in Redis and in the routers, and nobody is served on nobody's account. */
export function checkBudgets(evidence: Evidence): readonly Violation[] {
  const served = evidence.answered.filter(({ outcome }) => outcome.status === 200);
  const stores = Map.groupBy(served, storeOf);
  return [
    ...sharedBuckets(evidence.budgetChanges),
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
  return BUDGETS[operation.caller?.tier ?? 'anonymous'] ?? 0;
}

/**
 * A bucket that is never overdrawn, simulated from full, keeps capacity + rate × time in every interval: exactly, in whole
 * units, by Redis's own clock and from Redis's own account.
 */
function sharedBuckets(changes: readonly BudgetChange[]): readonly Violation[] {
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
 * While Redis is gone only clients can tell what a router admitted, and only between which moments. What is counted in an
 * interval are the requests that lie in it, at what they cost in the end; what of earlier ones may have been given back
 * within it stands beside the capacity.
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

/** Requests of the same caller to the same router whose answer nobody has seen: they are charged and given back as well. */
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

/** Points that a document costs before it is parsed; all documents of a run are shorter than `rateLimit.documentLengthPerPoint`. */
const PREPAID = 1;

/**
 * Gives each request that was served on Redis's account the charges of its caller and its cost, made while it was in flight:
 * one, or two if its document was charged before it was parsed. Of the requests that a charge could be for, the one that
 * ends first takes it: if any assignment works, this one does. A charge may be taken once as a whole and once as a part.
 */
function uncharged(served: readonly Answered[], evidence: Evidence): readonly Violation[] {
  const charges = Map.groupBy(chargesOf(evidence.budgetChanges), ({ owner, points }) => `${owner} ${points}`);
  const timesOf = (account: string) => (charges.get(account) ?? []).map(({ at }) => at);
  const ownerOfExchange = (exchange: Answered) => ownerOf(exchange, evidence.issuer);
  const waiting = Map.groupBy(
    served,
    (exchange) => `${ownerOfExchange(exchange)} ${costOf(exchange, evidence)}`,
  );
  const notAtOnce = [...waiting].flatMap(([account, exchanges]) => unmatched(exchanges, timesOf(account)));
  const parts: readonly ((exchange: Answered) => number)[] = [
    () => PREPAID,
    (exchange) => Math.max(costOf(exchange, evidence) - PREPAID, 1),
  ];
  const missing = parts.flatMap((points) => {
    const accounts = Map.groupBy(notAtOnce, (exchange) => `${ownerOfExchange(exchange)} ${points(exchange)}`);
    return [...accounts].flatMap(([account, exchanges]) => unmatched(exchanges, timesOf(account)));
  });
  return [...new Set(missing)].map((exchange): Violation => {
    const account = `${ownerOfExchange(exchange)} ${costOf(exchange, evidence)}`;
    const detail = `no charge of ${account} points was made for it in Redis`;
    return { invariant: 'charged', detail, requestId: exchange.id };
  });
}

function unmatched(exchanges: readonly Answered[], times: readonly number[]): readonly Answered[] {
  const open = new Set(exchanges.toSorted((a, b) => a.ended - b.ended));
  for (const at of times.toSorted((a, b) => a - b)) {
    for (const exchange of open) {
      if (exchange.began - SKEW_MS > at || exchange.ended + SKEW_MS < at) continue;
      open.delete(exchange);
      break;
    }
  }
  return [...open];
}

function chargesOf(changes: readonly BudgetChange[]) {
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

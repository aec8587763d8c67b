import { setTimeout as delay } from 'node:timers/promises';
import type { RateLimiter, RateLimitDecision } from '../../../router/rate-limit/rate-limiter.ts';
import type { Payer } from '../../../router/request/caller.ts';

export type Charging = {
  readonly decisions: number;
  readonly failed: number;
  readonly slowestMs: number;
  /** Number of decisions that took more than 25 ms. */
  readonly slow: number;
  /** The stores that made the decisions. */
  readonly stores: ReadonlySet<string>;
};

/**
 * Charges a point every few milliseconds, whether or not earlier charges have finished, until `body` has
 * ended.
 */
export async function chargeWhile(
  limiter: RateLimiter,
  caller: Payer,
  body: () => Promise<unknown>,
): Promise<Charging> {
  const charges: Promise<{ ms: number; store: string }>[] = [];
  const over = new AbortController();
  const finished = body().finally(() => over.abort());
  const load = async (): Promise<void> => {
    while (!over.signal.aborted) {
      charges.push(timed(limiter, caller));
      await delay(5);
    }
  };
  await Promise.all([finished, load()]);
  const settled = await Promise.allSettled(charges);
  const done = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  return {
    decisions: settled.length,
    failed: settled.length - done.length,
    slowestMs: Math.ceil(Math.max(...done.map(({ ms }) => ms))),
    slow: done.filter(({ ms }) => ms > 25).length,
    stores: new Set(done.map(({ store }) => store)),
  };
}

async function timed(limiter: RateLimiter, caller: Payer): Promise<{ ms: number; store: string }> {
  const start = performance.now();
  const decision = await limiter.charge({ ...caller, cost: 1 });
  return { ms: performance.now() - start, store: storeOf(decision) };
}

function storeOf(decision: RateLimitDecision): string {
  return decision.kind === 'admitted' ? decision.reservation.store : decision.kind;
}

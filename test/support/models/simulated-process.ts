import { ConcurrencyLimit } from '../../../router/load-shedding/concurrency-limit.ts';
import type { LimitOptions } from '../../../router/load-shedding/concurrency-limit.ts';

export type Simulation = {
  readonly limit: LimitOptions;
  /** Requests per second. */
  readonly rate: number;
  /** CPU time of an executed request: half when it arrives, half when the subgraph has responded. */
  readonly cpuMs: number;
  /** CPU time of a rejection. */
  readonly rejectionMs: number;
  readonly subgraphMs: number;
  readonly seconds: number;
  /** Seconds at the start that are not counted. */
  readonly settleS: number;
};

export type Simulated = {
  readonly servedPerSecond: number;
  /** Median time from the arrival to the rejection of a request. */
  readonly rejectionP50Ms: number;
  readonly rejectionP99Ms: number;
  readonly servedP50Ms: number;
  readonly servedP99Ms: number;
  readonly limit: number;
  readonly rejected: number;
};

import { TICKS_MS, WINDOW_MS } from '../../../router/load-shedding/pressure.ts';
type Request = { readonly cameAt: number; readonly readyAt: number };

/**
 * Simulates one process with one event loop. Each turn handles everything that has arrived during the turn
 * before.
 */
export function simulate({ limit: options, ...load }: Simulation): Simulated {
  const limit = new ConcurrencyLimit(options);
  const rejections: number[] = [];
  const responses: number[] = [];
  let now = 0;
  let arrived = 0;
  let waiting: Request[] = [];
  let tickCount = 0;
  let tickDue = 0;
  let windowEnds = WINDOW_MS;
  let [ticks, late, busy] = [0, 0, 0];
  const counts = (cameAt: number) => cameAt >= load.settleS * 1000;

  function arrive(cameAt: number): void {
    if (limit.inFlight >= limit.limit) {
      now += load.rejectionMs;
      if (counts(cameAt)) rejections.push(now - cameAt);
      return;
    }
    limit.enter();
    now += load.cpuMs / 2;
    waiting.push({ cameAt, readyAt: now + load.subgraphMs });
  }

  function respond({ cameAt }: Request): void {
    now += load.cpuMs / 2;
    limit.leave();
    if (counts(cameAt)) responses.push(now - cameAt);
  }

  function tick(): void {
    ticks += 1;
    late += now - tickDue;
    tickDue = now + (TICKS_MS[tickCount++ % TICKS_MS.length] ?? 0);
    if (now < windowEnds) return;
    limit.adjust({
      delayMs: late / ticks,
      busy: busy / (now - windowEnds + WINDOW_MS),
      heap: 0,
      ms: now - windowEnds + WINDOW_MS,
    });
    windowEnds = now + WINDOW_MS;
    [ticks, late, busy] = [0, 0, 0];
  }

  while (now < load.seconds * 1000) {
    const began = now;
    const ready = waiting.filter(({ readyAt }) => readyAt <= began);
    waiting = waiting.filter(({ readyAt }) => readyAt > began);
    ready.forEach(respond);
    for (; (arrived * 1000) / load.rate <= began; arrived++) arrive((arrived * 1000) / load.rate);
    busy += now - began;
    if (now >= tickDue) tick();
    if (now === began) {
      const next = Math.min(...waiting.map(({ readyAt }) => readyAt), (arrived * 1000) / load.rate, tickDue);
      now = Math.max(next, now + 0.01);
    }
  }
  return {
    servedPerSecond: responses.length / (load.seconds - load.settleS),
    rejectionP50Ms: quantile(rejections, 0.5),
    rejectionP99Ms: quantile(rejections, 0.99),
    servedP50Ms: quantile(responses, 0.5),
    servedP99Ms: quantile(responses, 0.99),
    limit: limit.limit,
    rejected: rejections.length,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

import { ConcurrencyLimit } from '../../../router/load-shedding/concurrency-limit.ts';
import type { LimitOptions } from '../../../router/load-shedding/concurrency-limit.ts';

export type Simulation = {
  readonly limit: LimitOptions;
  /** Requests per second. */
  readonly rate: number;
  /** CPU time of an executed request: half when it arrives, half when the subgraph has responded. */
  readonly cpuMs: number;
  /** CPU time of a rejection. */
  readonly refusalMs: number;
  readonly subgraphMs: number;
  readonly seconds: number;
  /** Seconds at the start that are not counted. */
  readonly settleS: number;
};

export type Simulated = {
  readonly answeredPerSecond: number;
  /** Median time from the arrival to the rejection of a request. */
  readonly refusalP50Ms: number;
  readonly refusalP99Ms: number;
  readonly answerP50Ms: number;
  readonly limit: number;
  readonly refused: number;
};

import { TICKS_MS, WINDOW_MS } from '../../../router/load-shedding/pressure.ts';
type Request = { readonly cameAt: number; readonly readyAt: number };

/**
 * Simulates one process with one event loop. Each turn handles everything that has arrived during the turn
 * before.
 */
export function simulate({ limit: options, ...load }: Simulation): Simulated {
  const limit = new ConcurrencyLimit(options);
  const refusals: number[] = [];
  const answers: number[] = [];
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
      now += load.refusalMs;
      if (counts(cameAt)) refusals.push(now - cameAt);
      return;
    }
    limit.enter();
    now += load.cpuMs / 2;
    waiting.push({ cameAt, readyAt: now + load.subgraphMs });
  }

  function answer({ cameAt }: Request): void {
    now += load.cpuMs / 2;
    limit.leave();
    if (counts(cameAt)) answers.push(now - cameAt);
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
    ready.forEach(answer);
    for (; (arrived * 1000) / load.rate <= began; arrived++) arrive((arrived * 1000) / load.rate);
    busy += now - began;
    if (now >= tickDue) tick();
    if (now === began) {
      const next = Math.min(...waiting.map(({ readyAt }) => readyAt), (arrived * 1000) / load.rate, tickDue);
      now = Math.max(next, now + 0.01);
    }
  }
  return {
    answeredPerSecond: answers.length / (load.seconds - load.settleS),
    refusalP50Ms: quantile(refusals, 0.5),
    refusalP99Ms: quantile(refusals, 0.99),
    answerP50Ms: quantile(answers, 0.5),
    limit: limit.limit,
    refused: refusals.length,
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

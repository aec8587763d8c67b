import { setTimeout as delay } from 'node:timers/promises';
import { readCost, resetPeak } from '../harness/process-cost.ts';
import { serve } from '../harness/remote.ts';
import { startLoop } from './closed-loop.ts';
import type { Loop, LoopOptions } from './closed-loop.ts';

/* The load, in a process of its own: it also reads the clocks of the others, at the same moment as its own. */

export type Run = LoopOptions & {
  readonly gatewayPid: number;
  readonly subgraphsPid: number;
  /** Before the measured interval. */
  readonly settleMs: number;
  readonly measureMs: number;
};

export type Measured = {
  readonly answers: number;
  /** Answers of the whole run, settling included. */
  readonly allAnswers: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gatewayCpuMs: number;
  readonly gatewayPeakMb: number;
  readonly gatewayRssMb: number;
  readonly loadCpuMs: number;
  readonly subgraphsCpuMs: number;
};

export type LoadMethods = { run: (run: Run) => Promise<Measured> };

// A slow contestant with many connections answers in waves: an interval sees two of them, unless that takes too long.
const WAVES = 2;
const LONGEST_MS = 8_000;

serve({ run } satisfies LoadMethods);

async function run(options: Run): Promise<Measured> {
  resetPeak(options.gatewayPid);
  const loop = startLoop(options);
  try {
    await wait(loop, options.settleMs, options.connections);
    const before = readClocks(options);
    const settled = loop.answered();
    loop.takeLatencies();
    await wait(loop, options.measureMs, WAVES * options.connections);
    const after = readClocks(options);
    return {
      ...differences(before, after),
      ...quantiles(loop.takeLatencies()),
      answers: loop.answered() - settled,
      allAnswers: loop.answered(),
    };
  } finally {
    await loop.stop();
  }
}

/** Until the time is over and so many answers have come. */
async function wait(loop: Loop, atLeastMs: number, answers: number): Promise<void> {
  const started = performance.now();
  const enough = loop.answered() + answers;
  const elapsed = () => performance.now() - started;
  while (elapsed() < atLeastMs || (loop.answered() < enough && elapsed() < LONGEST_MS)) {
    await delay(Math.min(50, Math.max(1, atLeastMs - elapsed())));
    const failure = loop.failure();
    if (failure !== undefined) throw new Error(failure);
  }
}

type Clocks = ReturnType<typeof readClocks>;

function readClocks({ gatewayPid, subgraphsPid }: Run) {
  const { user, system } = process.cpuUsage();
  return {
    at: performance.now(),
    gateway: readCost(gatewayPid),
    subgraphs: readCost(subgraphsPid),
    loadCpuMs: (user + system) / 1_000,
  };
}

function differences(before: Clocks, after: Clocks) {
  return {
    seconds: (after.at - before.at) / 1_000,
    gatewayCpuMs: after.gateway.cpuMs - before.gateway.cpuMs,
    gatewayPeakMb: after.gateway.peakRssMb,
    gatewayRssMb: after.gateway.rssMb,
    loadCpuMs: after.loadCpuMs - before.loadCpuMs,
    subgraphsCpuMs: after.subgraphs.cpuMs - before.subgraphs.cpuMs,
  };
}

function quantiles(latencies: readonly number[]) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (quantile: number) => sorted[Math.floor(sorted.length * quantile)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

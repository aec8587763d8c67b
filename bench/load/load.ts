import { setTimeout as delay } from 'node:timers/promises';
import { readAllocatedBytes } from '../harness/allocation.ts';
import { readCost, resetPeak } from '../harness/process-cost.ts';
import { serve } from '../harness/remote.ts';
import { startLoop } from './closed-loop.ts';
import type { Loop, LoopOptions } from './closed-loop.ts';

/* The load, in a process of its own. It reads CPU time and memory of all processes at the same moment. */

export type Run = LoopOptions & {
  readonly gatewayPid: number;
  readonly subgraphsPid: number;
  /** Milliseconds before the measured interval. */
  readonly settleMs: number;
  readonly measureMs: number;
  /** Maximum duration of either phase if responses are slow. Default: no extension. */
  readonly longestMs?: number;
  /** Whether the gateway receives no more requests afterwards. */
  readonly isLast?: boolean;
};

export type Measured = {
  readonly responses: number;
  /** Responses in the whole run, settling included. */
  readonly allResponses: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly gatewayCpuMs: number;
  readonly gatewayPeakMb: number;
  readonly gatewayRssMb: number;
  /** Bytes allocated on the V8 heap of the main thread; undefined if the gateway does not report them. */
  readonly allocatedBytes: number | undefined;
  readonly loadCpuMs: number;
  readonly subgraphsCpuMs: number;
};

export type LoadMethods = { run: (run: Run) => Promise<Measured> };

// A slow target with many connections responds in waves: an interval has two of them, unless that takes too
// long.
const WAVES = 2;
const LAST_RESPONSES_MS = 15_000;

serve({ run } satisfies LoadMethods);

async function run(options: Run): Promise<Measured> {
  const { connections, settleMs, measureMs, longestMs = 0 } = options;
  resetPeak(options.gatewayPid);
  const loop = startLoop(options);
  try {
    await wait(loop, { atLeastMs: settleMs, longestMs, responses: connections });
    const before = await readClocks(options);
    const settled = loop.responses();
    loop.takeLatencies();
    await wait(loop, { atLeastMs: measureMs, longestMs, responses: WAVES * connections });
    const after = await readClocks(options);
    return {
      ...differences(before, after),
      ...quantiles(loop.takeLatencies()),
      responses: loop.responses() - settled,
      allResponses: loop.responses(),
    };
  } finally {
    await loop.stop(options.isLast === true ? 0 : LAST_RESPONSES_MS);
  }
}

type Wait = { readonly atLeastMs: number; readonly longestMs: number; readonly responses: number };

/** Waits until the time has passed and the number of responses is reached. */
async function wait(loop: Loop, { atLeastMs, longestMs, responses }: Wait): Promise<void> {
  const started = performance.now();
  const enough = loop.responses() + responses;
  const elapsed = () => performance.now() - started;
  while (elapsed() < atLeastMs || (loop.responses() < enough && elapsed() < longestMs)) {
    await delay(Math.min(50, Math.max(1, atLeastMs - elapsed())));
    const failure = loop.failure();
    if (failure !== undefined) throw new Error(failure);
  }
}

type Clocks = Awaited<ReturnType<typeof readClocks>>;

async function readClocks({ gatewayPid, subgraphsPid }: Run) {
  // A saturated gateway responds after some milliseconds, at both ends of the interval.
  const allocatedBytes = await readAllocatedBytes(gatewayPid);
  const { user, system } = process.cpuUsage();
  return {
    allocatedBytes,
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
    allocatedBytes: difference(before.allocatedBytes, after.allocatedBytes),
    loadCpuMs: after.loadCpuMs - before.loadCpuMs,
    subgraphsCpuMs: after.subgraphs.cpuMs - before.subgraphs.cpuMs,
  };
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}

function quantiles(latencies: readonly number[]) {
  const sorted = Float64Array.from(latencies).sort();
  const at = (quantile: number) => sorted[Math.floor(sorted.length * quantile)] ?? Number.NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}

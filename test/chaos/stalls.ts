import { readFileSync } from 'node:fs';
import { now } from './history.ts';
import type { Stall } from './history.ts';

const TICK_MS = 50;

/**
 * Records when this process, or one of the others, has to wait for the processor: the checks allow more time
 * for these periods.
 * @param others their process ids; only Linux reports their waiting times.
 */
export function watchStalls(stalls: Stall[], others: () => readonly number[] = () => []): Disposable {
  let last = now();
  let waited = new Map<number, number>();
  const timer = setInterval(() => {
    const at = now();
    const late = at - last - TICK_MS;
    if (late > TICK_MS) stalls.push({ at, ms: late });
    last = at;
    const before = waited;
    waited = new Map(others().map((pid) => [pid, waitedMs(pid)]));
    for (const [pid, total] of waited) {
      const ms = total - (before.get(pid) ?? total);
      if (ms > TICK_MS) stalls.push({ at, ms });
    }
  }, TICK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Returns how long the main thread of a process has been runnable without running. */
function waitedMs(pid: number): number {
  try {
    const [, nanoseconds] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(nanoseconds) / 1_000_000;
  } catch {
    return 0;
  }
}

import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { Schedule } from '../shared/schedule.ts';
import { youngBytes } from './young-generation.ts';

/** Load (pressure) of a process within one time window: event loop delay and utilization, and heap usage. */
export type Pressure = {
  /** Duration of the measurement in milliseconds: the time since the previous report. */
  readonly ms: number;
  /** Mean time in milliseconds by which timers fired too late. */
  readonly delayMs: number;
  /** Utilization of the event loop, from 0 to 1. */
  readonly busy: number;
  /** Share, from 0 to 1, of V8's old generation (memory for long-lived objects) that is in use. */
  readonly heap: number;
};

/** Measures the load of the process and reports it periodically, until the returned object is disposed. */
export type WatchPressure = (report: (pressure: Pressure) => void) => PressureWatch;

/** A running measurement of the process's load, which ends when it is disposed. */
export type PressureWatch = Disposable & {
  /** Returns the share of the heap in use now, from 0 to 1, for checks between two reports. */
  readonly heap: () => number;
};

/**
 * Intervals in milliseconds of timers that run one after another, and whose delay is measured. With equal
 * intervals, the timers could always fire at the same point of the event loop's turns. They would then
 * measure either the whole delay or none of it.
 */
export const TICKS_MS: readonly number[] = [11, 17, 23, 29];
/** Minimum time in milliseconds between two reports of the process's load. */
export const WINDOW_MS = 100;

/**
 * Creates the measurement of the process's load. Several timers run one after another, and the mean of their
 * delays is reported, because a garbage collection delays only one timer, while a queue of work delays all.
 */
export function createPressureWatch({
  schedule,
  monotonic,
}: {
  readonly schedule: Schedule;
  readonly monotonic: () => number;
}): WatchPressure {
  return (report) => {
    let due = 0;
    let began = 0;
    let tickCount = 0;
    let ticks = 0;
    let late = 0;
    let loop = performance.eventLoopUtilization();
    let timer: Disposable;

    function begin(now: number): void {
      began = now;
      ticks = 0;
      late = 0;
    }

    function next(now: number): void {
      const tickMs = TICKS_MS[tickCount++ % TICKS_MS.length] ?? WINDOW_MS;
      due = now + tickMs;
      timer = schedule(tick, tickMs);
    }

    function tick(): void {
      const now = monotonic();
      ticks += 1;
      late += Math.max(0, now - due);
      const ms = now - began;
      if (ms >= WINDOW_MS) {
        const { utilization: busy } = performance.eventLoopUtilization(loop);
        report({ ms, delayMs: late / ticks, busy, heap: heapInUse() });
        loop = performance.eventLoopUtilization();
        begin(now);
      }
      next(now);
    }

    begin(monotonic());
    next(monotonic());
    return { heap: heapInUse, [Symbol.dispose]: () => timer[Symbol.dispose]() };
  };
}

/**
 * Returns the share, from 0 to 1, of the memory for long-lived objects that is in use. V8's heap limit also
 * covers the young generation, which is left out: it is mostly free or full of garbage.
 */
function heapInUse(): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  const young = youngBytes();
  // Falls back to the usage of the whole heap if the size of the young generation is unknown (no V8 flag sets
  // it) or not smaller than the heap limit.
  if (young === 0 || young >= limit) return used / limit;
  return (used - youngInUse()) / (limit - young);
}

function youngInUse(): number {
  return getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name.startsWith('new_'))
    .reduce((sum, { space_used_size: bytes }) => sum + bytes, 0);
}

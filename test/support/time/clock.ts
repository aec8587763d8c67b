import { setImmediate } from 'node:timers/promises';
import type { Schedule } from '../../../router/shared/schedule.ts';
import type { StartTimer } from '../../../router/subgraph/call/call.ts';

export type Clock = {
  /** Wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since the clock was created; never runs backwards. */
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  /** The form in which subgraph calls set timers. */
  readonly startTimer: StartTimer;
  /** Moves both times forward and runs the timers that become due, in order, each at its time. */
  advance(ms: number): void;
  /** Does the same, and lets promises settle after each timer. */
  advanceAsync(ms: number): Promise<void>;
  /** Sets the wall clock forward or back; monotonic time and timers stay. */
  jump(ms: number): void;
};

type Timer = { readonly dueAt: number; readonly action: () => void };

/**
 * Creates a fake clock: its time passes only in `advance`. It replaces the clock of every part that reads
 * time or sets timers.
 */
export function createClock(startMs = Date.UTC(2030, 0, 1)): Clock {
  const timers = new Set<Timer>();
  let elapsed = 0;
  let wall = startMs;

  function passUntil(target: number): void {
    wall += target - elapsed;
    elapsed = target;
  }

  function nextDue(limit: number): Timer | undefined {
    const due = [...timers].filter(({ dueAt }) => dueAt <= limit);
    return due.sort((a, b) => a.dueAt - b.dueAt)[0];
  }

  /** Runs the timers until the target, and yields after each. */
  function* passing(ms: number): Generator<void> {
    const target = elapsed + ms;
    for (let timer = nextDue(target); timer !== undefined; timer = nextDue(target)) {
      timers.delete(timer);
      passUntil(Math.max(timer.dueAt, elapsed));
      timer.action();
      yield;
    }
    passUntil(target);
    yield;
  }

  function addTimer(action: () => void, delayMs: number): () => void {
    const timer = { action, dueAt: elapsed + delayMs };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  return {
    now: () => wall,
    monotonic: () => elapsed,
    schedule: (action, delayMs) => ({ [Symbol.dispose]: addTimer(action, delayMs) }),
    startTimer: (delayMs, listener) => ({ cancel: addTimer(() => listener.onTimeout(), delayMs) }),
    advance(ms) {
      for (const _ of passing(ms));
    },
    async advanceAsync(ms) {
      for (const _ of passing(ms)) await setImmediate();
    },
    jump(ms) {
      wall += ms;
    },
  };
}

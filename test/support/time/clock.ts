import { setImmediate } from 'node:timers/promises';
import type { Schedule } from '../../../router/shared/schedule.ts';

export type Clock = {
  /** Wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds that never go back. */
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  /** Lets time pass: timers that come due run, in order, each at its time. */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock forward or back; monotonic time and timers do not notice. */
  jump(ms: number): void;
};

type Timer = { readonly dueAt: number; readonly action: () => void };

/** A clock that stands still until told otherwise. */
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

  return {
    now: () => wall,
    monotonic: () => elapsed,
    schedule(action, delayMs) {
      const timer = { action, dueAt: elapsed + delayMs };
      timers.add(timer);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    async advance(ms) {
      const target = elapsed + ms;
      for (let timer = nextDue(target); timer !== undefined; timer = nextDue(target)) {
        timers.delete(timer);
        passUntil(Math.max(timer.dueAt, elapsed));
        timer.action();
        await setImmediate();
      }
      passUntil(target);
      await setImmediate();
    },
    jump(ms) {
      wall += ms;
    },
  };
}

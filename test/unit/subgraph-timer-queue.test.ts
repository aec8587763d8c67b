import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Timer } from '../../router/subgraph/call/call.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { createClock } from '../support/time/clock.ts';

function timersOnClock() {
  const clock = createClock();
  let timers = 0;
  const after = createTimerQueue({
    monotonic: clock.monotonic,
    schedule: (action, delayMs) => {
      timers += 1;
      return clock.schedule(action, delayMs);
    },
  });
  const fired: string[] = [];
  return {
    fired,
    timers: () => timers,
    set: (delayMs: number, name: string) =>
      after(delayMs, { onTimeout: () => void fired.push(`${name} at ${clock.monotonic()}`) }),
    advance: async (ms: number) => {
      await clock.advanceAsync(ms);
      await setImmediate();
    },
  };
}

test('timers fire when they are due, in that order, however they were set', async () => {
  const { set, fired, advance } = timersOnClock();
  set(300, 'last');
  set(100, 'first');
  set(200, 'second');
  set(200, 'third');
  await advance(99);
  expect(fired).toEqual([]);
  await advance(1);
  await advance(200);
  expect(fired).toEqual(['first at 100', 'second at 200', 'third at 200', 'last at 300']);
});

test('a cancelled timer does not fire, and the others do', async () => {
  const { set, fired, advance } = timersOnClock();
  const timer = set(100, 'cancelled');
  set(100, 'left');
  timer.cancel();
  timer.cancel();
  await advance(500);
  timer.cancel();
  expect(fired).toEqual(['left at 100']);
});

test('a timer may be set or cancelled while others fire', async () => {
  const clock = createClock();
  const after = createTimerQueue(clock);
  const fired: number[] = [];
  const timers: Timer[] = [];
  after(100, {
    onTimeout: () => {
      timers[0]?.cancel();
      after(50, { onTimeout: () => void fired.push(clock.monotonic()) });
    },
  });
  timers.push(after(100, { onTimeout: () => void fired.push(-1) }));
  await clock.advanceAsync(150);
  await setImmediate();
  expect(fired).toEqual([150]);
});

test('a thousand cancelled timers need one timer of the system', async () => {
  const { set, fired, timers, advance } = timersOnClock();
  for (let index = 0; index < 1_000; index += 1) set(2_000, 'cancelled').cancel();
  expect(timers()).toBe(1);
  await advance(2_000);
  set(100, 'another');
  await advance(100);
  expect(fired).toEqual(['another at 2100']);
});

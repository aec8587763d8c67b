import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { createClock } from '../support/time/clock.ts';

function alarmsOnClock() {
  const clock = createClock();
  let timers = 0;
  const after = createTimerQueue({
    monotonic: clock.monotonic,
    schedule: (action, delayMs) => {
      timers += 1;
      return clock.schedule(action, delayMs);
    },
  });
  const rung: string[] = [];
  return {
    rung,
    timers: () => timers,
    set: (delayMs: number, name: string) =>
      after(delayMs, () => void rung.push(`${name} at ${clock.monotonic()}`)),
    advance: async (ms: number) => {
      await clock.advanceAsync(ms);
      await setImmediate();
    },
  };
}

test('alarms ring when they are due, in that order, however they were set', async () => {
  const { set, rung, advance } = alarmsOnClock();
  set(300, 'last');
  set(100, 'first');
  set(200, 'second');
  set(200, 'third');
  await advance(99);
  expect(rung).toEqual([]);
  await advance(1);
  await advance(200);
  expect(rung).toEqual(['first at 100', 'second at 200', 'third at 200', 'last at 300']);
});

test('an alarm that is called off does not ring, and the others do', async () => {
  const { set, rung, advance } = alarmsOnClock();
  const cancel = set(100, 'called off');
  set(100, 'left');
  cancel();
  cancel();
  await advance(500);
  cancel();
  expect(rung).toEqual(['left at 100']);
});

test('an alarm that is set or called off while others ring', async () => {
  const clock = createClock();
  const after = createTimerQueue(clock);
  const rung: number[] = [];
  const cancel: (() => void)[] = [];
  after(100, () => {
    cancel[0]?.();
    after(50, () => void rung.push(clock.monotonic()));
  });
  cancel.push(after(100, () => void rung.push(-1)));
  await clock.advanceAsync(150);
  await setImmediate();
  expect(rung).toEqual([150]);
});

test('one timer stands for a thousand alarms that are called off', async () => {
  const { set, rung, timers, advance } = alarmsOnClock();
  for (let index = 0; index < 1_000; index += 1) set(2_000, 'called off')();
  expect(timers()).toBe(1);
  await advance(2_000);
  set(100, 'another');
  await advance(100);
  expect(rung).toEqual(['another at 2100']);
});

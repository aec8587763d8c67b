import { describe, expect, test } from 'vitest';
import { FairQueue, QueueFullError } from '../../subgraphs/user/issuer/fair-queue.ts';
import { createClock } from '../support/time/clock.ts';

const NEVER = new AbortController().signal;

function startQueue(options: { concurrency?: number; maxWaiting?: number; maxWaitingPerLane?: number } = {}) {
  const clock = createClock();
  const queue = new FairQueue({
    concurrency: 1,
    maxWaiting: 4,
    maxWaitingPerLane: 3,
    maxWaitMs: 1_000,
    monotonic: clock.monotonic,
    ...options,
  });
  const order: string[] = [];
  const finish: (() => void)[] = [];
  const add = (lane: string, name = lane, signal = NEVER) => {
    const task = async () => {
      order.push(name);
      await new Promise<void>((resolve) => void finish.push(resolve));
      return name;
    };
    const result = queue.run(task, { lane, signal });
    result.catch(() => undefined);
    return result;
  };
  /** Ends the running tasks, one after the other, until none is left. */
  const drain = async () => {
    for (let done = finish.shift(); done !== undefined; done = finish.shift()) {
      done();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    }
  };
  return { add, order, drain, pass: (ms: number) => clock.advance(ms) };
}

describe('a fair queue', () => {
  test('runs as many tasks at once as allowed', async () => {
    const { add, order, drain } = startQueue({ concurrency: 2 });
    const results = [add('a', 'a1'), add('a', 'a2'), add('a', 'a3')];
    expect(order).toEqual(['a1', 'a2']);
    await drain();
    expect(await Promise.all(results)).toEqual(['a1', 'a2', 'a3']);
  });

  test('serves lanes in turns', async () => {
    const { add, order, drain } = startQueue();
    for (const name of ['a1', 'a2', 'a3']) void add('a', name);
    void add('b', 'b1');
    void add('c', 'c1');
    await drain();
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3']);
  });

  test('rejects a lane that has enough waiting tasks, and displaces the longest lane for a short one', async () => {
    const { add, order, drain } = startQueue();
    void add('x');
    const [, , a3] = ['a1', 'a2', 'a3'].map((name) => add('a', name));
    await expect(add('a', 'a4')).rejects.toThrow(QueueFullError);
    void add('b');
    void add('c');
    await expect(a3).rejects.toThrow('displaced');
    await drain();
    expect(order).toEqual(['x', 'a1', 'b', 'c', 'a2']);
  });

  test('rejects if every lane waits equally', async () => {
    const { add } = startQueue();
    for (const lane of ['x', 'a', 'b', 'c', 'd']) void add(lane);
    await expect(add('e')).rejects.toThrow(QueueFullError);
  });

  test('does not start tasks that have waited too long', async () => {
    const { add, order, drain, pass } = startQueue();
    void add('x');
    const late = add('a');
    pass(1_001);
    void add('b');
    await drain();
    await expect(late).rejects.toThrow('waited too long');
    expect(order).toEqual(['x', 'b']);
  });

  test('does not start tasks that were aborted', async () => {
    const { add, order, drain } = startQueue();
    const controller = new AbortController();
    void add('x');
    const unwanted = add('a', 'a', controller.signal);
    controller.abort(new Error('gone'));
    await expect(unwanted).rejects.toThrow('gone');
    await expect(add('a', 'a', controller.signal)).rejects.toThrow('gone');
    void add('b');
    await drain();
    expect(order).toEqual(['x', 'b']);
  });

  test('continues after a task that fails', async () => {
    const { add, drain, order } = startQueue();
    const queue = new FairQueue({
      concurrency: 1,
      maxWaiting: 1,
      maxWaitingPerLane: 1,
      maxWaitMs: 1,
      monotonic: () => 0,
    });
    const place = { lane: 'a', signal: NEVER };
    await expect(queue.run(() => Promise.reject(new Error('no')), place)).rejects.toThrow('no');
    expect(await queue.run(async () => 'yes', place)).toBe('yes');
    void add('x');
    await drain();
    expect(order).toEqual(['x']);
  });
});

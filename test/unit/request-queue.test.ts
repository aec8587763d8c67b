import { expect, test } from 'vitest';
import { createLoadShedding } from '../../router/load-shedding/load-shedding.ts';
import { RequestQueue } from '../../router/load-shedding/request-queue.ts';
import { manualPressure } from '../support/graphs/pressure.ts';

const PER_TURN = 16;

/** A queue whose clock and turns of the event loop the test controls. */
function queueWithTurns() {
  let now = 0;
  const listeners: (() => void)[] = [];
  const queue = new RequestQueue({ monotonic: () => now, nextTurn: (listener) => listeners.push(listener) });
  const begun: number[] = [];
  let arrived = 0;
  const arrive = async (count: number): Promise<void> => {
    for (const end = arrived + count; arrived < end; arrived += 1) {
      const request = arrived;
      const turn = queue.enter();
      if (turn === undefined) begun.push(request);
      else void turn.then(() => begun.push(request));
    }
    await settle();
  };
  const nextTurn = async (): Promise<void> => {
    for (const listener of listeners.splice(0)) listener();
    await settle();
  };
  const advance = (ms: number): void => void (now += ms);
  return { queue, begun, arrive, nextTurn, advance, turnsAwaited: () => listeners.length };
}

/** Runs the reactions of promises that are already resolved. */
async function settle(): Promise<void> {
  await Promise.resolve();
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('16 requests begin in a turn of the event loop, the others in the order of their arrival', async () => {
  const { queue, begun, arrive, nextTurn, turnsAwaited } = queueWithTurns();
  await arrive(40);
  expect([begun, queue.waiting]).toEqual([upTo(PER_TURN), 24]);
  await nextTurn();
  await arrive(1);
  expect([begun, queue.waiting]).toEqual([upTo(2 * PER_TURN), 9]);
  await nextTurn();
  expect([begun, queue.waiting]).toEqual([upTo(41), 0]);
  await arrive(PER_TURN);
  expect(begun).toHaveLength(48);
  await nextTurn();
  expect([begun, queue.waiting]).toEqual([upTo(57), 0]);
  expect(turnsAwaited()).toBe(0);
});

test('a request that shares an execution gives its turn to another one', async () => {
  const { queue, begun, arrive, nextTurn, turnsAwaited } = queueWithTurns();
  queue.makeRoom();
  await arrive(PER_TURN + 2);
  queue.makeRoom();
  await settle();
  expect(begun).toEqual(upTo(PER_TURN + 1));
  expect(turnsAwaited()).toBe(1);
  await nextTurn();
  expect(begun).toEqual(upTo(PER_TURN + 2));
});

test('the wait is that of the oldest request in the queue', async () => {
  const { queue, arrive, advance, nextTurn } = queueWithTurns();
  await arrive(PER_TURN);
  expect(queue.waitMs).toBe(0);
  await arrive(PER_TURN);
  advance(30);
  await arrive(1);
  expect(queue.waitMs).toBe(30);
  await nextTurn();
  advance(5);
  expect(queue.waitMs).toBe(5);
});

test('a long queue lets the limit of requests in flight begin as a late event loop does', () => {
  const pressure = manualPressure();
  const queue = { waiting: 0, waitMs: 0 };
  using shedding = createLoadShedding(
    { enabled: true, eventLoopDelayMs: 50, heapPercent: 85, maxConcurrent: 4_096, expensiveCost: 100 },
    {
      queue,
      watchPressure: pressure.watchPressure,
      telemetry: { requestShed: () => undefined, overloadChanged: () => undefined },
    },
  );
  for (let request = 0; request < 100; request += 1)
    shedding.enter({ headers: { authorization: 'Bearer token' }, body: {} } as never);
  Object.assign(queue, { waiting: 80, waitMs: 160 });
  for (let report = 0; report < 3; report += 1) pressure.report({ delayMs: 10, busy: 1 });
  expect(shedding.state()).toEqual({ limit: 4_096, inFlight: 100, waiting: 80 });
  queue.waitMs = 164;
  for (let report = 0; report < 2; report += 1) pressure.report({ delayMs: 10, busy: 1 });
  expect(shedding.state().limit).toBeLessThan(100);
});

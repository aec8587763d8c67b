import { expect, test } from 'vitest';
import { createLoadShedding } from '../../router/load-shedding/load-shedding.ts';
import { RequestQueue } from '../../router/load-shedding/request-queue.ts';
import { createPipeline } from '../../router/pipeline.ts';
import { Cancellation } from '../../router/request/cancel-signal.ts';
import type { ClientRequest } from '../../router/request/client-request.ts';
import { ANONYMOUS } from '../../router/request/identity.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
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
  expect([begun, queue.waiting, queue.resumed]).toEqual([upTo(57), 0, 9]);
  await nextTurn();
  expect([queue.resumed, turnsAwaited()]).toEqual([0, 0]);
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

/** Load shedding with a limit that falls when the event loop is late, as the test says it is. */
function sheddingWith(queue: Pick<RequestQueue, 'waiting' | 'resumed' | 'waitMs'>) {
  const pressure = manualPressure();
  const shedding = createLoadShedding(
    { enabled: true, eventLoopDelayMs: 50, heapPercent: 85, maxConcurrent: 4_096, expensiveCost: 100 },
    {
      queue,
      watchPressure: pressure.watchPressure,
      telemetry: { requestShed: () => undefined, overloadChanged: () => undefined },
    },
  );
  return { shedding, pressure };
}

const QUERY = { headers: {}, body: { query: '{ a }' } } as ClientRequest;

test('a long queue lets the limit of requests in flight begin as a late event loop does', () => {
  const queue = { waiting: 0, resumed: 0, waitMs: 0 };
  const { shedding, pressure } = sheddingWith(queue);
  using _ = shedding;
  for (let request = 0; request < 100; request += 1) shedding.enter(QUERY);
  Object.assign(queue, { waiting: 80, waitMs: 160 });
  for (let report = 0; report < 3; report += 1) pressure.report({ delayMs: 10, busy: 1 });
  expect(shedding.state()).toEqual({ limit: 4_096, inFlight: 100, waiting: 80 });
  queue.waitMs = 164;
  for (let report = 0; report < 2; report += 1) pressure.report({ delayMs: 10, busy: 1 });
  expect(shedding.state().limit).toBeLessThan(100);
});

test('requests that wait when the limit falls are served in their order, and new ones are rejected', async () => {
  const { queue, advance, nextTurn } = queueWithTurns();
  const { shedding, pressure } = sheddingWith(queue);
  using _ = shedding;
  const served: number[] = [];

  async function serve(request: number): Promise<void> {
    shedding.enter(QUERY);
    try {
      await queue.enter();
      shedding.checkOperation(ANONYMOUS, 'query', 1);
      served.push(request);
    } finally {
      shedding.leave();
    }
  }

  const responses = upTo(100).map(serve);
  await settle();
  advance(300);
  for (let report = 0; report < 2; report += 1) pressure.report({ delayMs: 60, busy: 1 });
  expect(shedding.state().limit).toBeLessThan(50);
  expect(() => shedding.enter(QUERY)).toThrow('overloaded');
  while (queue.waiting > 0) await nextTurn();
  await Promise.all(responses);
  expect(served).toEqual(upTo(100));
});

test('a request whose client has left while it waited is not begun', async () => {
  const turn = Promise.withResolvers<void>();
  const signal = new Cancellation();
  let [identified, rooms, left] = [0, 0, 0];
  const handle = createPipeline({
    shedding: { enter: () => undefined, leave: () => void (left += 1) },
    queue: { enter: () => turn.promise, makeRoom: () => void (rooms += 1) },
    identify() {
      identified += 1;
      return ANONYMOUS;
    },
    selectGraph: () => undefined,
    acquire: () => undefined,
    resolve: () => Promise.reject(new Error('resolved')),
  });
  const response = handle({ ...QUERY, signal, recorder: new RequestRecorder('r1', () => 0) });
  signal.abort();
  turn.resolve();
  await expect(response).rejects.toMatchObject({ code: 'REQUEST_CANCELLED' });
  expect({ identified, rooms, left }).toEqual({ identified: 0, rooms: 1, left: 1 });
});

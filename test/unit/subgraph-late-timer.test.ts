import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';
import { createClock } from '../support/time/clock.ts';

const TIMEOUT_MS = 200;
/** Values of the shared number, in the order of their occurrence. */
const [ASKED, MAY_RESPOND, HAS_RESPONDED] = [0, 1, 2];

// In a thread of its own, so that it responds while the caller’s event loop is blocked.
const SUBGRAPH = `
const { createServer } = require('node:http');
const { parentPort, workerData } = require('node:worker_threads');
const server = createServer((request, response) => {
  request.resume().on('end', () => {
    parentPort.postMessage('asked');
    Atomics.wait(workerData, 0, ${ASKED});
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"a":1}}', () => {
      Atomics.store(workerData, 0, ${HAS_RESPONDED});
      Atomics.notify(workerData, 0);
    });
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('a response that arrived while the event loop was blocked is delivered, and is no timeout', async () => {
  const step = new Int32Array(new SharedArrayBuffer(4));
  const thread = new Worker(SUBGRAPH, { eval: true, workerData: step });
  await using _ = { [Symbol.asyncDispose]: async () => void (await thread.terminate()) };
  const [port] = await once(thread, 'message');
  const clock = createClock();
  await using inventory = poolOf(
    [`http://127.0.0.1:${port}`],
    { timeoutMs: TIMEOUT_MS },
    { monotonic: clock.monotonic, startTimer: createTimerQueue(clock) },
  );
  const call = inventory.call();
  await once(thread, 'message');
  // Continues among the timers of a turn of the event loop, which run before sockets are read.
  await delay(0);
  Atomics.store(step, 0, MAY_RESPOND);
  Atomics.notify(step, 0);
  Atomics.wait(step, 0, MAY_RESPOND);
  clock.advance(TIMEOUT_MS);
  expect(await call).toEqual({ kind: 'received', data: { a: 1 }, errors: [] });
});

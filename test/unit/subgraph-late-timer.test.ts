import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, it } from 'vitest';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const STALL_MS = 400;
const TIMEOUT_MS = 200;

// In a thread of its own, so that it responds while the caller’s event loop is blocked.
const SUBGRAPH = `
const { createServer } = require('node:http');
const { parentPort } = require('node:worker_threads');
const server = createServer((request, response) => {
  parentPort.postMessage('asked');
  request.resume().on('end', () =>
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{"a":1}}'));
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
`;

it('a response that arrived while the event loop was blocked is delivered, and is no timeout', async () => {
  const thread = new Worker(SUBGRAPH, { eval: true });
  await using _ = { [Symbol.asyncDispose]: async () => void (await thread.terminate()) };
  const [port] = await once(thread, 'message');
  const monotonic = () => performance.now();
  await using inventory = poolOf(
    [`http://127.0.0.1:${port}`],
    { timeoutMs: TIMEOUT_MS },
    { monotonic, startTimer: createTimerQueue({ monotonic, schedule: scheduleTimer }) },
  );
  const call = inventory.call();
  await once(thread, 'message');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
  expect(await call).toEqual({ kind: 'received', data: { a: 1 }, errors: [] });
});

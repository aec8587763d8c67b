import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import type { RouterProcess } from '../support/processes/router-process.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const MIB = 1_048_576;
const RESPONSE_BYTES = 8 * MIB;
/**
 * Enough clients that their responses are twice as large as the garbage that V8 leaves in place at any time.
 */
const CLIENTS = 60;

/** Starts a router whose calls do not time out, however busy the machine is with the large responses. */
function startRouter(url: string, config: string): Promise<RouterProcess> {
  return startRouterProcess(
    { only: { url, sdl: 'type Query { text(number: Int): String }' } },
    `${config}\ntraffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }`,
  );
}

/**
 * Sends a query with a large response and does not read the response. Resolves when the response has begun,
 * or when the router has disconnected the client. `number` distinguishes the queries, so that none are
 * deduplicated.
 */
async function askWithoutReading(router: RouterProcess, number: number): Promise<Socket> {
  const body = `{"query":"{ text(number: ${number}) }"}`;
  const request = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const socket = connect({ port: Number(new URL(router.url).port), host: '127.0.0.1' });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(request);
  // The first bytes make the socket readable. As long as nobody takes them, it reads few others.
  await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
  return socket;
}

async function cutOff(router: RouterProcess): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', router.adminUrl))).text();
  return Number(/clients_cut_off_total\{reason="slow reader"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

async function memoryBytes({ process: { pid } }: RouterProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test('disconnects a client that does not read its response within the timeout', async (context) => {
  await using stub = await startStubSubgraph(() => json({ data: { text: 'x'.repeat(RESPONSE_BYTES) } }));
  await using router = await startRouter(stub.url, 'listen: { responseTimeoutMs: 1000 }');
  const socket = await askWithoutReading(router, 1);
  const began = performance.now();
  await expect.poll(() => cutOff(router), { timeout: 20_000, interval: 20 }).toBe(1);
  recordMeasurement(
    context,
    'client that reads nothing: disconnected after ms (timeout 1000)',
    Math.round(performance.now() - began),
  );
  socket.destroy();
});

test('limits the memory of all unread responses together', async (context) => {
  await using stub = await startStubSubgraph(() => json({ data: { text: 'x'.repeat(RESPONSE_BYTES) } }));
  const limit = 64 * MIB;
  await using router = await startRouter(
    stub.url,
    `limits: { unreadBytes: ${limit} }\noverload: { enabled: false }`,
  );
  const first = await askWithoutReading(router, 1);
  const before = await memoryBytes(router);
  const sockets: Socket[] = [];
  // Sequential, because responses that are written at the same time need additional memory.
  for (let count = 2; count <= CLIENTS; count += 1) sockets.push(await askWithoutReading(router, count));
  // 8 of the responses fit into the limit.
  await expect.poll(() => cutOff(router), { timeout: 40_000 }).toBeGreaterThanOrEqual(CLIENTS - 8);
  const added = (await memoryBytes(router)) - before;
  recordMeasurement(
    context,
    `${CLIENTS} unread responses of 8 MiB, limit 64 MiB: memory added, MiB`,
    Math.round(added / MIB),
  );
  // The measured memory includes the garbage of the discarded responses.
  expect(added).toBeLessThan(CLIENTS * RESPONSE_BYTES);
  for (const socket of [first, ...sockets]) socket.destroy();
}, 180_000);

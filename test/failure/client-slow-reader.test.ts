import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { recordFigure } from '../support/figure.ts';
import { startRouterProcess } from '../support/router-process.ts';
import type { RouterProcess } from '../support/router-process.ts';
import { answer, startStubSubgraph } from '../support/stub-subgraph.ts';

const MIB = 1_048_576;
const ANSWER_BYTES = 8 * MIB;

function startRouter(url: string, config: string): Promise<RouterProcess> {
  return startRouterProcess({ only: { url, sdl: 'type Query { text: String }' } }, config);
}

/** Clients that ask for a large answer and do not read it. */
async function askWithoutReading(router: RouterProcess, count: number): Promise<Socket[]> {
  const body = '{"query":"{ text }"}';
  const request = `POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const sockets = Array.from({ length: count }, () =>
    connect({ port: Number(new URL(router.url).port), host: '127.0.0.1' }),
  );
  for (const socket of sockets) {
    socket.on('error', () => undefined).pause();
    await once(socket, 'connect');
    socket.write(request);
  }
  return sockets;
}

async function cutOff(router: RouterProcess): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', router.adminUrl))).text();
  return Number(/clients_cut_off_total\{reason="slow reader"\} (\d+)/.exec(metrics)?.[1] ?? 0);
}

async function memoryBytes({ process: { pid } }: RouterProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

test('a client that does not read its answer is cut off after the time it has for it', async (context) => {
  await using stub = await startStubSubgraph(() => answer({ data: { text: 'x'.repeat(ANSWER_BYTES) } }));
  await using router = await startRouter(stub.url, 'listen: { responseTimeoutMs: 1000 }');
  const [socket] = await askWithoutReading(router, 1);
  await stub.received(1);
  const began = performance.now();
  await expect.poll(() => cutOff(router), { timeout: 20_000, interval: 20 }).toBe(1);
  recordFigure(
    context,
    'client that reads nothing: cut off after ms (timeout 1000)',
    Math.round(performance.now() - began),
  );
  socket?.destroy();
});

test('clients that do not read hold no more memory than they may, all together', async (context) => {
  await using stub = await startStubSubgraph(() => answer({ data: { text: 'x'.repeat(ANSWER_BYTES) } }));
  const limit = 64 * MIB;
  await using router = await startRouter(
    stub.url,
    `limits: { unreadBytes: ${limit} }\noverload: { enabled: false }`,
  );
  const [first] = await askWithoutReading(router, 1);
  await stub.received(1);
  const before = await memoryBytes(router);
  const sockets = await askWithoutReading(router, 24);
  // 25 answers, of which 8 fit.
  await expect.poll(() => cutOff(router), { timeout: 40_000 }).toBeGreaterThanOrEqual(17);
  const added = (await memoryBytes(router)) - before;
  recordFigure(
    context,
    '25 unread answers of 8 MiB, 64 MiB allowed: memory added, MiB',
    Math.round(added / MIB),
  );
  // The garbage of the answers that were given up comes on top.
  expect(added).toBeLessThan(25 * ANSWER_BYTES);
  for (const socket of [first, ...sockets]) socket?.destroy();
});

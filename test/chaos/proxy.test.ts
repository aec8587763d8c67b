import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readRequests } from './delivered-requests.ts';
import type { DeliveredRequest } from './delivered-requests.ts';
import { startProxy } from './proxy.ts';
import type { Disturbance } from './proxy.ts';
import { until } from '../support/time/until.ts';

const RESPONSE = 'a response of some length';

/** A server behind a proxy, with the requests that the proxy observed. */
async function startWay() {
  const server = createServer((_, response) => response.end(RESPONSE));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const seen: DeliveredRequest[] = [];
  const target = { host: '127.0.0.1', port };
  const proxy = await startProxy(
    () => target,
    () => readRequests((request) => void seen.push(request)),
  );
  return {
    proxy,
    seen,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Returns the response body or the error code; undefined if the client has disconnected before. */
async function ask(
  port: number,
  signal: AbortSignal = AbortSignal.timeout(30_000),
): Promise<string | undefined> {
  const init = { method: 'POST', body: 'a body', headers: { connection: 'close' }, signal };
  try {
    return await (await fetch(`http://127.0.0.1:${port}/`, init)).text();
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error && 'code' in error.cause
        ? error.cause
        : undefined;
    return cause && String(cause.code);
  }
}

it('passes everything without a fault, and reports the requests', async () => {
  await using way = await startWay();
  expect(await ask(way.proxy.port)).toBe(RESPONSE);
  expect(way.seen).toMatchObject([{ method: 'POST', body: 'a body' }]);
});

it.each<[Disturbance, string, number]>([
  [{ kind: 'close' }, 'ECONNREFUSED', 0],
  [{ kind: 'reset', afterBytes: 0 }, 'ECONNRESET', 1],
  [{ kind: 'truncate', afterBytes: 0 }, 'UND_ERR_SOCKET', 1],
])('breaks requests off with %o until it is healed', async (disturbance, outcome, delivered) => {
  await using way = await startWay();
  await way.proxy.disturb(disturbance);
  expect(await ask(way.proxy.port)).toBe(outcome);
  expect(way.seen).toHaveLength(delivered);
  await way.proxy.heal();
  expect(await ask(way.proxy.port)).toBe(RESPONSE);
});

it.each<[Disturbance, number]>([
  [{ kind: 'hang' }, 0],
  [{ kind: 'mute' }, 1],
  [{ kind: 'drip', everyMs: 50 }, 1],
  [{ kind: 'bandwidth', bytesPerS: 10 }, 0],
])('leaves requests without a response with %o until it is healed', async (disturbance, delivered) => {
  await using way = await startWay();
  await way.proxy.disturb(disturbance);
  const leaving = new AbortController();
  const asked = ask(way.proxy.port, leaving.signal);
  await delay(300);
  expect(await until(() => way.seen.length === delivered, 30_000)).toBe(true);
  leaving.abort();
  expect(await asked).toBe(undefined);
  expect(way.seen).toHaveLength(delivered);
  await way.proxy.heal();
  expect(await ask(way.proxy.port)).toBe(RESPONSE);
});

it('delays requests and responses by a latency', async () => {
  await using way = await startWay();
  await way.proxy.disturb({ kind: 'latency', ms: 100 });
  const began = performance.now();
  expect(await ask(way.proxy.port)).toBe(RESPONSE);
  // A timer may be a millisecond early.
  expect(performance.now() - began).toBeGreaterThan(2 * 99);
  expect(way.seen).toHaveLength(1);
});

it('closes hanging connections when it is disposed of', async () => {
  const way = await startWay();
  await way.proxy.disturb({ kind: 'hang' });
  const socket = connect(way.proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\n\r\n');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await way[Symbol.asyncDispose]();
  await closed;
  expect(socket.destroyed).toBe(true);
});

it('finds requests in bytes that are split anywhere', () => {
  const text =
    'POST /a HTTP/1.1\r\nX-Id: 1\r\ncontent-length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nx-id: 2\r\n\r\n';
  for (let cut = 1; cut < text.length; cut += 1) {
    const found: DeliveredRequest[] = [];
    const read = readRequests((request) => void found.push(request));
    read(Buffer.from(text.slice(0, cut)));
    read(Buffer.from(text.slice(cut)));
    expect(found).toEqual([
      { method: 'POST', headers: { 'x-id': '1', 'content-length': '3' }, body: 'abc' },
      { method: 'GET', headers: { 'x-id': '2' }, body: '' },
    ]);
  }
});

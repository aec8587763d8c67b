import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { createHealth, healthResponse } from '../../router/http/health.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const LIVE = ['/health/live', '/livez'];
const READY = ['/health', '/health/ready', '/readyz'];

test('health is served at the usual paths on both ports, with the time', async () => {
  const now = Date.parse('2026-05-04T03:02:01Z');
  await using graph = await startSmallGraph({ services: LIBRARY, parts: { now: () => now } });
  for (const port of [graph.router.url, graph.router.adminUrl]) {
    for (const path of [...LIVE, ...READY]) {
      const response = await fetch(new URL(path, port));
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.headers.get('cache-control')).toBe('no-store');
      // Clients cannot reach the admin port, so its readiness also names the supergraph.
      const isDetailed = port === graph.router.adminUrl && READY.includes(path);
      const { supergraph, ...body } = (await response.json()) as Record<string, unknown>;
      expect(body).toEqual({ status: 'UP', timestamp: '2026-05-04T03:02:01.000Z' });
      expect([port, path, supergraph !== undefined]).toEqual([port, path, isDetailed]);
    }
  }
});

test('a router that is not ready returns 503 with the reasons at the readiness paths, and stays live', () => {
  const health = createHealth(() => ['no supergraph']);
  const read = (path: string) => healthResponse(path, { unready: health.unready(), now: 0 });
  for (const path of READY) {
    const { status, body = '' } = read(path) ?? {};
    expect([status, JSON.parse(String(body))]).toEqual([
      503,
      { status: 'DOWN', timestamp: '1970-01-01T00:00:00.000Z', reasons: ['no supergraph'] },
    ]);
  }
  health.drain();
  expect(String(read('/health')?.body)).toContain('"reasons":["draining"]');
  expect(LIVE.map((path) => read(path)?.status)).toEqual([200, 200]);
  expect(read('/healthy')).toBeUndefined();
});

test('the health port responds while the event loop of the router is blocked', async () => {
  // On a busy machine the probes may take longer than the 10 s after which a blocked router is not live.
  const config = 'health: { port: 0, stalledAfterMs: 120000 }';
  await using graph = await startSmallGraph({ services: LIBRARY, config });
  const { healthUrl = '' } = graph.router;
  const urls = [...LIVE, ...READY].map((path) => new URL(path, healthUrl).href);
  expect(probeWhileBlocked(urls, 200)).toEqual(
    urls.map(() => ({ status: 'UP', timestamp: expect.any(String) })),
  );
});

test('the health port reports an event loop that stays blocked, and its recovery', async () => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'health: { port: 0, stalledAfterMs: 100 }',
  });
  const { healthUrl = '' } = graph.router;
  const urls = ['/livez', '/readyz'].map((path) => new URL(path, healthUrl).href);
  const reasons = ['the event loop has been blocked for more than 100 ms'];
  expect(probeWhileBlocked(urls, 503)).toMatchObject([{ reasons }, { reasons }]);
  for (const url of urls) await expect.poll(async () => (await fetch(url)).status, POLL).toBe(200);
});

const POLL = { timeout: 20_000, interval: 20 };

/**
 * Probes from another process, each URL until it has the status; the event loop of this process is blocked
 * meanwhile.
 */
function probeWhileBlocked(urls: readonly string[], status: number): unknown {
  const program = `
    const bodies = [];
    for (const url of process.argv.slice(1)) {
      let response;
      do response = await fetch(url); while (response.status !== ${status});
      bodies.push(await response.json());
    }
    console.log(JSON.stringify(bodies));`;
  const args = ['--input-type=module', '-e', program, '--', ...urls];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 }));
}

test('the health port reports a drain, serves nothing else, and closes with the router', async () => {
  const graph = await startSmallGraph({
    services: LIBRARY,
    config: 'health: { port: 0 }\nshutdown: { lameDuckMs: 0 }',
  });
  const probe = (path: string, init?: RequestInit) => fetch(new URL(path, graph.router.healthUrl), init);
  const other = await probe('/graphql');
  expect([other.status, other.headers.get('x-content-type-options')]).toEqual([404, 'nosniff']);
  expect((await probe('/livez?probe=1', { method: 'HEAD' })).status).toBe(200);
  // A second router cannot use the same port.
  const { port } = new URL(graph.router.healthUrl ?? '');
  await expect(
    startSmallGraph({ services: LIBRARY, config: `health: { port: ${port} }` }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });

  await graph.router.drain();
  await expect.poll(async () => (await probe('/readyz')).status, POLL).toBe(503);
  expect(await (await probe('/readyz')).json()).toMatchObject({ reasons: ['draining'] });
  expect((await probe('/livez')).status).toBe(200);
  await graph[Symbol.asyncDispose]();
  await expect(probe('/livez')).rejects.toThrow('fetch failed');
});

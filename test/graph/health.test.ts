import { expect, test } from 'vitest';
import { createHealth, healthAnswer } from '../../router/http/health.ts';
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
      // Clients never reach the admin port, whose readiness also names the supergraph.
      const isDetailed = port === graph.router.adminUrl && READY.includes(path);
      const { supergraph, ...body } = (await response.json()) as Record<string, unknown>;
      expect(body).toEqual({ status: 'UP', timestamp: '2026-05-04T03:02:01.000Z' });
      expect([port, path, supergraph !== undefined]).toEqual([port, path, isDetailed]);
    }
  }
});

test('a router that is not ready gives 503 and its reasons at the readiness paths, and stays live', () => {
  const health = createHealth(() => ['no supergraph']);
  const read = (path: string) => healthAnswer(path, { unready: health.unready(), now: 0 });
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

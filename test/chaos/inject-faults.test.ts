import { expect, it } from 'vitest';
import { createBreakableRedis } from '../support/servers/breakable-redis.ts';
import { recordRateLimits } from './rate-limit-record.ts';
import type { Fault } from './faults.ts';
import type { FaultRecord } from './history.ts';
import { injectFaults } from './inject-faults.ts';
import { startProxy } from './proxy.ts';

it('reports a fault that cannot be injected or undone, and continues with the next fault', async () => {
  await using redis = await createBreakableRedis();
  await using postgresLink = await startProxy(() => ({ host: '127.0.0.1', port: 1 }));
  using rateLimits = recordRateLimits(redis.url, []);
  const published: string[] = [];
  const supergraph = { path: 'supergraph.yaml', publish: (edition: string) => void published.push(edition) };
  const environment = {
    routers: [],
    subgraphs: new Map(),
    redis,
    redisLinks: [],
    postgresLink,
    rateLimits,
    supergraph,
  };
  const faults: Fault[] = [
    { atMs: 0, forMs: 0, name: 'product: hang', action: networkOf('product') },
    { atMs: 1, forMs: 0, name: 'postgres: hang', action: networkOf('postgres') },
    { atMs: 2, forMs: 0, name: 'supergraph swapped', action: { kind: 'supergraph swapped' } },
  ];
  const done: FaultRecord[] = [];
  const unrecovered: string[] = [];
  await injectFaults(faults, environment, { done, unrecovered, stop: new AbortController().signal });
  expect(unrecovered).toEqual([expect.stringMatching(/^product: hang: Error: there is no product/)]);
  expect(published).toEqual(['second']);
  expect(done.map(({ name }) => name).toSorted()).toEqual(faults.map(({ name }) => name).toSorted());
});

function networkOf(to: 'product' | 'postgres'): Fault['action'] {
  return { kind: 'network', to, disturbance: { kind: 'hang' } };
}

import { pino } from 'pino';
import { expect, it } from 'vitest';
import { configSchema } from '../../router/config/config-schema.ts';
import { createSubgraphPool } from '../../router/subgraph/subgraph-pool.ts';
import type { Routes, SubgraphPool } from '../../router/subgraph/subgraph-pool.ts';
import { json, page, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { StubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { callHeaders } from '../support/subgraphs/subgraph-pool.ts';
import { createClock } from '../support/time/clock.ts';

/** Creates a pool whose time stands still, so that an open breaker stays open. */
function startPool(traffic: unknown = {}): SubgraphPool {
  const { monotonic, startTimer } = createClock();
  return createSubgraphPool(configSchema.parse({ traffic }).traffic, {
    telemetry: {
      log: pino({ level: 'silent' }),
      subgraphCalled: () => {},
      subgraphRetried: () => {},
      endpointEjected: () => {},
      breakerChanged: () => {},
    },
    signer: { sign: () => ({}) },
    monotonic,
    random: () => 0.5,
    startTimer,
  });
}

function call(routes: Routes, subgraph = 'inventory') {
  const request = { subgraph, operation: 'query', body: '{}' } as const;
  return routes.send(request, { headers: callHeaders({}), deadline: 5_000 }, new AbortController().signal);
}

function startHealthy(): Promise<StubSubgraph> {
  return startStubSubgraph(() => json({ data: { a: 1 } }));
}

it('shares connections and breaker between generations that call the same address', async () => {
  await using subgraph = await startStubSubgraph(() => page(503));
  await using pool = startPool();
  const routes = new Map([['inventory', subgraph.url]]);
  const before = pool.forGeneration(routes);
  for (let time = 0; time < 5; time += 1) await call(before);
  await using after = pool.forGeneration(routes);
  await before[Symbol.asyncDispose]();
  expect(await call(after)).toMatchObject({ failure: { code: 'SUBGRAPH_CIRCUIT_OPEN' } });
  expect(pool.state()).toHaveLength(1);
});

it('starts with a new breaker at a new address, and releases the old one with the last generation that called it', async () => {
  await using failing = await startStubSubgraph(() => page(503));
  await using healthy = await startHealthy();
  await using pool = startPool();
  const before = pool.forGeneration(new Map([['inventory', failing.url]]));
  for (let time = 0; time < 5; time += 1) await call(before);
  await using after = pool.forGeneration(new Map([['inventory', healthy.url]]));
  expect(await call(after)).toMatchObject({ kind: 'received' });
  expect(pool.state().map(({ breaker }) => breaker)).toEqual(['open', 'closed']);
  await before[Symbol.asyncDispose]();
  await before[Symbol.asyncDispose]();
  expect(pool.state().map(({ endpoints }) => endpoints.map(({ url }) => url))).toEqual([[healthy.url]]);
});

it('keeps a forced breaker in later generations, at any address, until it is released', async () => {
  await using first = await startHealthy();
  await using second = await startHealthy();
  await using pool = startPool();
  const before = pool.forGeneration(new Map([['inventory', first.url]]));
  expect(pool.force({ subgraph: 'inventory', state: 'open' })).toBe('applied');
  await using after = pool.forGeneration(new Map([['inventory', second.url]]));
  for (const routes of [before, after])
    expect(await call(routes)).toMatchObject({ failure: { code: 'SUBGRAPH_CIRCUIT_OPEN', breaker: 'open' } });
  await before[Symbol.asyncDispose]();
  expect(pool.force({ subgraph: 'inventory', state: 'auto' })).toBe('applied');
  expect(await call(after)).toMatchObject({ kind: 'received' });
  expect(pool.force({ subgraph: 'order', state: 'open' })).toBe('unknown');
});

it('limits forced fields, so that others can still be tracked', async () => {
  await using pool = startPool();
  await using _ = pool.forGeneration(new Map([['inventory', 'http://127.0.0.1:1/']]));
  const hold = (field: string, state: 'open' | 'closed' | 'auto' = 'open') =>
    pool.force({ subgraph: 'inventory', field, state });
  for (let index = 0; index < 50; index += 1) expect(hold(`Query.f${index}`)).toBe('applied');
  expect([hold('Query.more'), hold('Query.f0', 'closed')]).toEqual(['full', 'applied']);
  expect(pool.force({ subgraph: 'inventory', state: 'open' })).toBe('applied');
  expect([hold('Query.f0', 'auto'), hold('Query.more')]).toEqual(['applied', 'applied']);
  expect(pool.state()[0]?.fields.filter(({ forced }) => forced)).toHaveLength(50);
});

it('forces a breaker open that is disabled', async () => {
  await using subgraph = await startHealthy();
  await using pool = startPool({ all: { breaker: { enabled: false } } });
  await using routes = pool.forGeneration(new Map([['inventory', subgraph.url]]));
  expect(await call(routes)).toMatchObject({ kind: 'received' });
  pool.force({ subgraph: 'inventory', state: 'open' });
  expect(await call(routes)).toMatchObject({ failure: { code: 'SUBGRAPH_CIRCUIT_OPEN' } });
  pool.force({ subgraph: 'inventory', state: 'auto' });
  const kinds = (await Promise.all(Array.from({ length: 20 }, () => call(routes)))).map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(['received']));
});

it('completes the calls in flight of a released generation', async () => {
  let respond: (() => void) | undefined;
  await using subgraph = await startStubSubgraph(() => (response, request) => {
    respond = () => json({ data: { a: 1 } })(response, request);
  });
  await using pool = startPool();
  const routes = pool.forGeneration(new Map([['inventory', subgraph.url]]));
  const inFlight = call(routes);
  await subgraph.received(1);
  const released = routes[Symbol.asyncDispose]();
  respond?.();
  expect(await inFlight).toMatchObject({ kind: 'received' });
  await released;
  expect(await call(routes)).toMatchObject({ kind: 'failed', failure: { code: 'SUBGRAPH_UNAVAILABLE' } });
});

it('a thousand swaps leave nothing behind', async () => {
  await using subgraph = await startHealthy();
  await using pool = startPool();
  let current = pool.forGeneration(new Map([['inventory', subgraph.url]]));
  for (let swap = 0; swap < 1_000; swap += 1) {
    const next = pool.forGeneration(new Map([['inventory', `${subgraph.url}?${swap % 2}`]]));
    await current[Symbol.asyncDispose]();
    current = next;
  }
  expect(await call(current)).toMatchObject({ kind: 'received' });
  expect(pool.state()).toHaveLength(1);
  expect(subgraph.counts.connections).toBe(1);
});

it('gives each subgraph its own settings over those of all', async () => {
  await using first = await startHealthy();
  await using second = await startHealthy();
  await using pool = startPool({
    all: { maxConcurrent: 1 },
    subgraphs: { inventory: { urls: [first.url, second.url], maxConcurrent: 2 } },
  });
  await using routes = pool.forGeneration(
    new Map([
      ['inventory', 'http://127.0.0.1:1/'],
      ['order', first.url],
    ]),
  );
  const kinds = async (subgraph: string) =>
    (await Promise.all([call(routes, subgraph), call(routes, subgraph), call(routes, subgraph)])).map(
      ({ kind }) => kind,
    );
  expect(await kinds('inventory')).toEqual(['received', 'received', 'failed']);
  expect(await kinds('order')).toEqual(['received', 'failed', 'failed']);
});

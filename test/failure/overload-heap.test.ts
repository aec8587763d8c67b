import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { kindOf, outcomeOf } from '../support/load/loaded-router.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { until } from '../support/time/until.ts';
import { startOpenLoop } from '../support/load/open-loop-process.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';

const HEAP_MB = 128;
// All requests without a subgraph response stay in memory for ten seconds.
const CONFIG = `
overload: { heapPercent: 60 }
traffic: { deadlineMs: 10000, all: { timeoutMs: 10000, maxConcurrent: 10000, breaker: { enabled: false } } }
`;
const TEXT = 'x'.repeat(200);

/** A large request, which the router keeps in memory until its subgraph responds. */
const LARGE = kindOf('large', `query ($n: Int, $list: [String!]) { ping(n: $n, list: $list) }`);

test('rejects requests that do not fit into memory, and recovers', async (context) => {
  await using built = new AsyncDisposableStack();
  const hanging = built.use(await startStubSubgraph(() => hang()));
  const sdl = 'type Query { ping(n: Int, list: [String!]): String }';
  const router = built.use(
    await startRouterProcess({ only: { url: hanging.url, sdl } }, CONFIG, {
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
    }),
  );
  const load = built.use(startOpenLoop());
  let ended = false;
  void router.exited.then(() => (ended = true));
  const body = LARGE.body.replace(
    '}}',
    `,"list":${JSON.stringify(Array.from({ length: 900 }, () => TEXT))}}}`,
  );
  const report = await load.run({
    url: router.url,
    rate: 250,
    ms: 4_000,
    settleMs: 0,
    kinds: [{ ...LARGE, body }],
    maxConnections: 400,
    timeoutMs: 10_000,
  });
  recordMeasurement(
    context,
    `1,000 requests of 180 KB with ${HEAP_MB} MB of heap: rejected`,
    outcomeOf(report, 503).count,
  );
  expect(ended).toBe(false);
  expect(outcomeOf(report, 503).count).toBeGreaterThan(0);
  expect((await fetch(new URL('/health/live', router.url))).status).toBe(200);
  const asksName = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ __typename }"}',
  };
  const began = performance.now();
  const serves = await until(async () => (await fetch(router.url, asksName)).status === 200, 20_000);
  recordMeasurement(
    context,
    'recovery after 1,000 requests of 180 KB, ms',
    Math.round(performance.now() - began),
  );
  expect(serves).toBe(true);
});

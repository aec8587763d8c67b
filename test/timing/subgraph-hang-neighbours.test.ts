import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { PING, kindOf, outcomeOf } from '../support/load/loaded-router.ts';
import { startOpenLoop } from '../support/load/open-loop-process.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { json, hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const STUCK = kindOf('stuck', 'query ($n: Int) { stuck(n: $n) }');

test('a hanging subgraph delays no request that does not use it', async (context) => {
  await using built = new AsyncDisposableStack();
  const healthy = built.use(await startStubSubgraph(() => json({ data: { ping: 'pong' } })));
  const hanging = built.use(await startStubSubgraph(() => hang()));
  const router = built.use(
    await startRouterProcess({
      healthy: { url: healthy.url, sdl: 'type Query { ping(n: Int): String }' },
      hanging: { url: hanging.url, sdl: 'type Query { stuck(n: Int): String }' },
    }),
  );
  const load = built.use(startOpenLoop());
  // Every second request uses the hanging subgraph; the rate of the others is the same with and without it.
  const run = (kinds: (typeof PING)[]) =>
    load.run({ url: router.url, rate: 75 * kinds.length, ms: 4_000, settleMs: 0, kinds });
  await run([PING]);
  // Planned in advance, so that only the effect of the hanging subgraph is measured.
  await load.run({ url: router.url, rate: 1, ms: 1_000, settleMs: 0, kinds: [STUCK] });

  const before = outcomeOf(await run([PING]), 200, 'ping');
  const report = await run([PING, STUCK]);
  const during = outcomeOf(report, 200, 'ping');
  recordMeasurement(context, 'p99 beside a hanging subgraph, ms', during.p99Ms.toFixed(1));
  recordMeasurement(context, 'p99 without a hanging subgraph, ms', before.p99Ms.toFixed(1));
  recordMeasurement(
    context,
    'p50 with and without a hanging subgraph, ms',
    `${during.p50Ms.toFixed(1)} / ${before.p50Ms.toFixed(1)}`,
  );
  expect(during.count).toBe(before.count);
  // A second is far below the subgraph timeout, and above the p99 of a busy machine.
  expect(during.p99Ms).toBeLessThan(Math.max(1.2 * before.p99Ms, 1_000));
});

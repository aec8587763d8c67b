import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { PING, outcomeOf, startLoadedRouter } from '../support/load/loaded-router.ts';

const RATE = 200;
const BLOCKED_AT_MS = 1_500;
const BLOCKED_MS = 2_000;
const SECOND = 1_000;

test('a router that was blocked for two seconds recovers within one second', async (context) => {
  await using loaded = await startLoadedRouter({ items: 1, config: 'overload: { eventLoopDelayMs: 50 }' });
  const { router, load } = loaded;
  const ask = (ms: number) => load.run({ url: router.url, rate: RATE, ms, settleMs: 0, kinds: [PING] });
  await ask(1_000);

  const running = ask(6_500);
  await delay(BLOCKED_AT_MS);
  router.process.kill('SIGSTOP');
  await delay(BLOCKED_MS);
  router.process.kill('SIGCONT');
  const report = await running;

  const recovered = BLOCKED_AT_MS + BLOCKED_MS + SECOND;
  const after = report.receivedAt.filter((at) => at >= recovered && at < recovered + 1_500).length;
  const share = (after / (1.5 * RATE)) * 100;
  recordMeasurement(
    context,
    'blocked for 2 s: % of requests served from one second later on',
    share.toFixed(1),
  );
  recordMeasurement(context, 'blocked for 2 s: rejected', outcomeOf(report, 503).count);
  expect(report.missing + outcomeOf(report, 0).count).toBe(0);
  expect(share).toBeGreaterThan(90);
});

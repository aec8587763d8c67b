import { expect, it } from 'vitest';
import { createStaleValues } from '../../router/degradation/stale-store.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import { countWaits, shareRateLimit } from '../support/callers/rate-limits.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

const SELECTION = { id: 'q', maxAgeMs: 60_000 };
const entities = Array.from({ length: 50 }, (_, index) => `{"__typename":"Book","id":"${index}"}`);

it('sets and gets values while Redis is frozen, and stops waiting for it after the first timeouts', async (context) => {
  await using redis = await startBreakableRedis();
  // Redis responds much sooner, also on a busy machine.
  await using router = await shareRateLimit(redis.url, { commandTimeoutMs: 500 });
  const { link, waits } = countWaits(router.link);
  const values = createStaleValues(
    { stale: { 'Book.ours': { maxAgeS: 60, per: 'everyone' } }, staleMemoryBytes: 1_000_000 },
    { redis: link, now: Date.now, later: setImmediate, outageCodes: () => [] },
  );
  if (values === undefined) throw new Error('stale values are disabled');
  redis.freeze();

  let slowestSetMs = 0;
  let slowestGetMs = 0;
  let slow = 0;
  for (let round = 0; round < 200; round += 1) {
    const began = performance.now();
    for (const [index, entity] of entities.entries())
      values.set({ ...SELECTION, id: `q${round}` }, entity, index);
    slowestSetMs = Math.max(slowestSetMs, performance.now() - began);
    const requested = performance.now();
    const recalled = await values.get([{ ...SELECTION, id: `q${round}` }, SELECTION], entities);
    const getMs = performance.now() - requested;
    slowestGetMs = Math.max(slowestGetMs, getMs);
    if (getMs > 25) slow += 1;
    expect(recalled.map((found) => found?.value)).toEqual([
      ...entities.keys(),
      ...entities.map(() => undefined),
    ]);
  }

  recordMeasurement(
    context,
    'slowest set of 50 stale values while Redis was frozen, ms',
    slowestSetMs.toFixed(1),
  );
  recordMeasurement(
    context,
    'slowest get of 100 stale values while Redis was frozen, ms',
    Math.round(slowestGetMs),
  );
  recordMeasurement(
    context,
    'gets of stale values that waited more than 25 ms for a frozen Redis',
    `${slow} of 200`,
  );
  // The first get, and the write that may have begun before it.
  expect(waits()).toBeLessThanOrEqual(2);
  redis.thaw();
});

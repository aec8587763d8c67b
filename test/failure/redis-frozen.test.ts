import { expect, it } from 'vitest';
import { createRejectedTokens } from '../../router/authentication/rejected-tokens.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import { countWaits, shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { chargeWhile } from '../support/load/charging.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { until } from '../support/time/until.ts';

// Redis responds much sooner, also on a busy machine.
const options = { commandTimeoutMs: 500 };
const caller = { identity: userOf('ada', 'ENTERPRISE'), address: '192.0.2.1' };

it('continues to decide when Redis freezes, waits for it once and not per request, and uses it again after the thaw', async (context) => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url, options);
  const before = await chargeWhile(router.limiter, caller, () => until(() => false, 300));
  redis.freeze();
  const atFirst = await chargeWhile(router.limiter, caller, () =>
    until(() => !router.link.available(), 10_000),
  );
  const calls = router.calls();
  const later = await chargeWhile(router.limiter, caller, () => until(() => false, 300));
  const callsLater = router.calls() - calls;
  const thawedAt = performance.now();
  redis.thaw();
  const usesRedis = async () => {
    const decision = await router.limiter.charge({ ...caller, cost: 1 });
    return decision.kind === 'admitted' && decision.reservation.store === 'redis';
  };
  const isBack = await until(usesRedis, 10_000);
  const backMs = performance.now() - thawedAt;

  recordMeasurement(context, 'slowest rate-limit decision before Redis froze, ms', before.slowestMs);
  recordMeasurement(
    context,
    'slowest rate-limit decision while Redis was frozen, ms',
    Math.max(atFirst.slowestMs, later.slowestMs),
  );
  recordMeasurement(
    context,
    'rate-limit decisions that waited more than 25 ms for a frozen Redis',
    `${atFirst.slow + later.slow} of ${atFirst.decisions + later.decisions}`,
  );
  recordMeasurement(context, 'Redis in use again after the thaw, ms', Math.round(backMs));
  expect([atFirst.failed, later.failed]).toEqual([0, 0]);
  expect(atFirst.stores).toContain('local');
  // The first commands time out; later decisions send none.
  expect([later.stores, callsLater]).toEqual([new Set(['local']), 0]);
  expect(isBack).toBe(true);
});

it('limits the rejected tokens of an address while Redis is frozen, without waiting for it more than once', async () => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url, options);
  const { link, waits } = countWaits(router.link);
  const rejected = createRejectedTokens(2, link);
  await rejected.count('192.0.2.1');
  redis.freeze();
  const before = waits();
  for (let token = 0; token < 2; token += 1) {
    await rejected.check('192.0.2.1');
    await rejected.count('192.0.2.1');
  }
  await expect(rejected.check('192.0.2.1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await rejected.check('192.0.2.2');
  expect(waits() - before).toBe(1);
  redis.thaw();
});

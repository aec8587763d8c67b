import { expect, it } from 'vitest';
import { createRejectedTokens } from '../../router/authentication/rejected-tokens.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import { shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { chargeWhile } from '../support/load/charging.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { until } from '../support/time/until.ts';

const caller = { identity: userOf('ada', 'ENTERPRISE'), address: '192.0.2.1' };

it('continues to decide when Redis freezes, waits for it once and not per request, and uses it again after the thaw', async (context) => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url);
  const before = await chargeWhile(router.limiter, caller, () => until(() => false, 300));
  redis.freeze();
  const during = await chargeWhile(router.limiter, caller, () => until(() => false, 3_000));
  const thawedAt = performance.now();
  redis.thaw();
  const isBack = await until(() => router.link.available(), 10_000);
  const backMs = performance.now() - thawedAt;

  recordMeasurement(context, 'slowest rate-limit decision before Redis froze, ms', before.slowestMs);
  recordMeasurement(context, 'slowest rate-limit decision while Redis was frozen, ms', during.slowestMs);
  recordMeasurement(
    context,
    'rate-limit decisions that waited more than 25 ms for a frozen Redis',
    `${during.slow} of ${during.decisions}`,
  );
  recordMeasurement(context, 'Redis in use again after the thaw, ms', Math.round(backMs));
  expect(during.failed).toBe(0);
  expect(during.stores).toContain('local');
  // The first commands time out; later decisions do not wait.
  expect(during.slow).toBeLessThan(during.decisions / 10);
  expect(isBack).toBe(true);
  expect(await router.limiter.charge({ ...caller, cost: 1 })).toMatchObject({
    reservation: { store: 'redis' },
  });
});

it('limits the rejected tokens of an address while Redis is frozen, without waiting for it more than once', async () => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url);
  const rejected = createRejectedTokens(2, router.link);
  await rejected.count('192.0.2.1');
  redis.freeze();
  const began = performance.now();
  for (let token = 0; token < 2; token += 1) {
    await rejected.check('192.0.2.1');
    await rejected.count('192.0.2.1');
  }
  await expect(rejected.check('192.0.2.1')).rejects.toMatchObject({ code: 'RATE_LIMITED' });
  await rejected.check('192.0.2.2');
  // If each of the six commands waited for the frozen Redis, they would not have finished.
  expect(performance.now() - began).toBeLessThan(5_000);
  redis.thaw();
});

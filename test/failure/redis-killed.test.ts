import { expect, it } from 'vitest';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import { rateLimitOf, shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { chargeWhile } from '../support/load/charging.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { until } from '../support/time/until.ts';

const caller = { identity: userOf('ada', 'ENTERPRISE'), address: '192.0.2.1' };

it('continues to decide when Redis is killed, and uses it again after its restart', async (context) => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url);
  const before = await chargeWhile(router.limiter, caller, () => until(() => false, 300));
  const during = await chargeWhile(router.limiter, caller, async () => {
    await redis.kill();
    await until(() => false, 1_000);
  });
  const restartedAt = performance.now();
  await redis.start();
  const isBack = await until(() => router.link.available(), 10_000);
  const backMs = performance.now() - restartedAt;
  const after = await router.limiter.charge({ ...caller, cost: 1 });

  recordMeasurement(context, 'slowest rate-limit decision with a healthy Redis, ms', before.slowestMs);
  recordMeasurement(context, 'slowest rate-limit decision after SIGKILL of Redis, ms', during.slowestMs);
  recordMeasurement(context, 'Redis in use again after its restart, ms', Math.round(backMs));
  expect(before.stores).toEqual(new Set(['redis']));
  expect(during.failed).toBe(0);
  expect(during.stores).toContain('local');
  expect(isBack).toBe(true);
  expect(after).toMatchObject({ kind: 'admitted', reservation: { store: 'redis' } });
  expect(router.changes).toEqual(['ready', 'lost', 'ready']);
});

it.each([
  ['local', { kind: 'admitted', reservation: { store: 'local' } }],
  ['allow', { kind: 'admitted', reservation: { store: 'none' } }],
  ['deny', { kind: 'rejected', retryAfterMs: 1_000 }],
])('follows the policy %s while Redis is unavailable', async (onRedisFailure, expected) => {
  await using redis = await startBreakableRedis();
  await using router = await shareRateLimit(redis.url, { rateLimit: rateLimitOf({ onRedisFailure }) });
  await redis.kill();
  expect(await router.limiter.charge({ ...caller, cost: 1 })).toMatchObject(expected);
});

it('each router admits its share of a bucket while Redis is unavailable', async () => {
  await using redis = await startBreakableRedis();
  const rateLimit = rateLimitOf({ tiers: { FREE: { points: 100, windowS: 86_400 } }, instances: 4 });
  await using router = await shareRateLimit(redis.url, { rateLimit });
  await redis.kill();
  const decisions = await Promise.all(
    Array.from({ length: 100 }, () =>
      router.limiter.charge({ identity: userOf('ada', 'FREE'), address: '192.0.2.1', cost: 1 }),
    ),
  );
  expect(decisions.filter(({ kind }) => kind === 'admitted')).toHaveLength(25);
});

it('the share of a bucket is no fuller than the bucket was before Redis became unavailable', async () => {
  await using redis = await startBreakableRedis();
  const rateLimit = rateLimitOf({ tiers: { FREE: { points: 100, windowS: 86_400 } }, instances: 4 });
  await using router = await shareRateLimit(redis.url, { rateLimit });
  const admittedOf = async (id: string, times: number) => {
    let admitted = 0;
    for (let time = 0; time < times; time += 1) {
      const decision = await router.limiter.charge({ identity: userOf(id), address: '192.0.2.1', cost: 1 });
      if (decision.kind === 'admitted') admitted += 1;
    }
    return admitted;
  };
  expect([await admittedOf('spent', 101), await admittedOf('half', 50)]).toEqual([100, 50]);
  await redis.kill();
  expect([await admittedOf('spent', 30), await admittedOf('half', 30)]).toEqual([0, 12]);
  expect(await admittedOf('new', 30)).toBe(25);
});

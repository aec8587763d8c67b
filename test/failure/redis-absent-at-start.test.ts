import { expect, it } from 'vitest';
import { createBreakableRedis } from '../support/servers/breakable-redis.ts';
import { shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { until } from '../support/time/until.ts';

const charge = { identity: userOf('ada'), address: '192.0.2.1', cost: 1 };

it('starts without Redis with its local share, and uses Redis as soon as it is available', async () => {
  await using redis = await createBreakableRedis();
  await using router = await shareRateLimit(redis.url);
  expect(await router.limiter.charge(charge)).toMatchObject({
    kind: 'admitted',
    reservation: { store: 'local' },
  });
  await redis.start();
  expect(await until(() => router.link.available(), 10_000)).toBe(true);
  expect(await router.limiter.charge(charge)).toMatchObject({
    kind: 'admitted',
    reservation: { store: 'redis' },
  });
  expect(router.changes).toEqual(['lost', 'ready']);
});

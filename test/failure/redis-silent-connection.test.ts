import { expect, it } from 'vitest';
import { breakableConnectionTo } from '../support/servers/breakable-connection.ts';
import { shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { until } from '../support/time/until.ts';

// Redis responds much sooner, also on a busy machine.
const options = { commandTimeoutMs: 500 };
const caller = { identity: userOf('ada', 'ENTERPRISE'), address: '192.0.2.1', cost: 1 };

it('replaces a connection on which Redis has become silent', async (context) => {
  await using way = await breakableConnectionTo(process.env['REDIS_URL'] ?? '');
  await using router = await shareRateLimit(way.url, options);
  expect(await router.limiter.charge(caller)).toMatchObject({ reservation: { store: 'redis' } });
  way.silence();
  expect(await router.limiter.charge(caller)).toMatchObject({ reservation: { store: 'local' } });
  const lostAt = performance.now();
  expect(await until(() => router.link.available(), 10_000)).toBe(true);
  recordMeasurement(
    context,
    'Redis in use again after a connection became silent, ms',
    Math.round(performance.now() - lostAt),
  );
  expect(await router.limiter.charge(caller)).toMatchObject({ reservation: { store: 'redis' } });
  expect(router.changes).toEqual(['ready', 'lost', 'ready']);
});

it('replaces a connection that becomes silent before the first response of Redis', async () => {
  await using way = await breakableConnectionTo(process.env['REDIS_URL'] ?? '');
  await using router = await shareRateLimit(way.url, options);
  const connected = new Promise((resolve) => router.link.client.once('connect', resolve));
  way.cut();
  way.repair();
  await connected;
  way.silence();
  expect(await until(() => router.link.available(), 10_000)).toBe(true);
});

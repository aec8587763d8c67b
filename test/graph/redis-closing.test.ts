import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { connectRedis } from '../../router/redis/connect.ts';
import { scheduleTimer as schedule } from '../../router/shared/schedule.ts';
import { until } from '../support/time/until.ts';

test('a Redis that closes each connection before it is ready leaves no pending listener', async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const telemetry = { redisChanged: () => undefined };
  const settings = { commandTimeoutMs: 50, keyPrefix: '' };
  await using link = connectRedis(settings, { url, schedule, random: () => 0, telemetry });
  await until(() => connections >= 2, 10_000);
  const before = link.client.listenerCount('ready');
  await until(() => connections >= 5, 10_000);
  expect(link.client.listenerCount('ready')).toBeLessThanOrEqual(before);
  server.close();
});

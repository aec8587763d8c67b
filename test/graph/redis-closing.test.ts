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
  // Counted at the same point of each cycle: when an attempt to connect begins, the one before has ended.
  const counts: number[] = [];
  link.client.on('connecting', () => counts.push(link.client.listenerCount('ready')));
  await until(() => counts.length >= 5, 30_000);
  expect(Math.max(...counts)).toBe(counts[0]);
  expect(connections).toBeGreaterThanOrEqual(4);
  server.close();
});

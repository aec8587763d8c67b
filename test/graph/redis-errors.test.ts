import { expect, test } from 'vitest';
import { connectRedis } from '../../router/redis/connect.ts';
import { scheduleTimer as schedule } from '../../router/shared/schedule.ts';
import { until } from '../support/time/until.ts';

const READONLY = "READONLY You can't write against a read only replica.";
const SCRIPT =
  'ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): @user_script:1:';

async function connect() {
  const url = process.env['REDIS_URL'] ?? '';
  const telemetry = { redisChanged: () => undefined };
  const settings = { commandTimeoutMs: 1_000, keyPrefix: '' };
  const link = connectRedis(settings, { url, schedule, random: () => 0, telemetry });
  let connections = 0;
  link.client.on('connect', () => (connections += 1));
  await until(() => link.available(), 30_000);
  return {
    connections: () => connections,
    /** Makes Redis report an error with exactly this text. */
    fail: (text: string) => link.client.eval('return redis.error_reply(ARGV[1])', 0, text),
    ready: () => until(() => link.client.status === 'ready', 30_000),
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

test('reconnects to a Redis that cannot serve this client, also when a script reports it', async () => {
  await using redis = await connect();
  const errors = [
    READONLY,
    `${READONLY} script: 6b1bf486c81ceb7edf3c093f4c48582e38c0e791, on @user_script:1.`,
    `${SCRIPT} @user_script: 1: -${READONLY} `,
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    `${SCRIPT} @user_script: 1: -MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'. `,
    'CLUSTERDOWN The cluster is down',
    `${SCRIPT} @user_script: 1: -CLUSTERDOWN The cluster is down `,
    'LOADING Redis is loading the dataset in memory',
    `${SCRIPT} @user_script: 1: -LOADING Redis is loading the dataset in memory `,
  ];
  for (const text of errors) {
    const before = redis.connections();
    await expect(redis.fail(text)).rejects.toThrow(text.trim());
    expect([text, await until(() => redis.connections() === before + 1, 30_000)]).toEqual([text, true]);
    await redis.ready();
  }
});

test('an error of a script itself does not end the connection', async () => {
  await using redis = await connect();
  const before = redis.connections();
  for (const text of [
    `${SCRIPT} @user_script: 1: -WRONGTYPE Operation against a key holding the wrong kind of value `,
    `${SCRIPT} @user_script: 1: my READONLY value `,
    'ERR value is not an integer or out of range, READONLY ',
    'READONLYISH no code of Redis',
  ])
    await expect(redis.fail(text)).rejects.toThrow(text.trim());
  await redis.fail('').catch(() => undefined);
  expect(redis.connections()).toBe(before);
});

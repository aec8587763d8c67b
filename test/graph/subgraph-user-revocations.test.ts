import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { startUser } from '../../subgraphs/user/server.ts';
import { createBreakableRedis } from '../support/servers/breakable-redis.ts';
import { type TestSubgraph, startTestSubgraph, testIssuer } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

type RevokedToken = { readonly jti: string; readonly exp: number };

test('reports a logout to the routers through Redis', async () => {
  const redisUrl = process.env['REDIS_URL'];
  if (redisUrl === undefined) throw new Error('this test needs REDIS_URL');
  await using user = await startTestSubgraph('user', startUser, { settings: { redisUrl } });
  const revoked = await logInAndOut(user);
  // The subgraph may still be connecting; it writes pending revocations as soon as it is connected.
  expect(await until(() => isReported(redisUrl, revoked), 30_000)).toBe(true);
});

test('logs out while Redis is down, and reports it to the routers when an empty Redis is available', async () => {
  await using redis = await createBreakableRedis();
  await redis.start();
  await using user = await startTestSubgraph('user', startUser, { settings: { redisUrl: redis.url } });
  const before = await logInAndOut(user);
  await redis.kill();
  const during = await logInAndOut(user);
  await redis.start();
  expect(await until(() => isReported(redis.url, during), 30_000)).toBe(true);
  expect(await isReported(redis.url, before)).toBe(true);
});

/** Logs out and returns the revoked token. */
async function logInAndOut(user: TestSubgraph): Promise<RevokedToken> {
  const known = new Set((await listRevoked(user)).map(({ jti }) => jti));
  const session = await user.call(
    'mutation ($password: String!) { login(email: "freya@shop.example", password: $password) { refreshToken } }',
    { variables: { password: demoPassword } },
  );
  const { refreshToken } = (session.data as { login: { refreshToken: string } }).login;
  const ended = await user.call('mutation ($token: String!) { logout(refreshToken: $token) }', {
    variables: { token: refreshToken },
  });
  expect(ended.data).toEqual({ logout: true });
  const revoked = (await listRevoked(user)).find(({ jti }) => !known.has(jti));
  if (revoked === undefined) throw new Error('nothing was revoked');
  return revoked;
}

async function listRevoked(user: TestSubgraph): Promise<readonly RevokedToken[]> {
  const response = await fetch(`${user.origin}/.well-known/revoked-tokens`);
  return ((await response.json()) as { revoked: RevokedToken[] }).revoked;
}

async function isReported(redisUrl: string, { jti, exp }: RevokedToken): Promise<boolean> {
  const redis = new Redis(redisUrl);
  try {
    const entries = await redis.xrange('tributary:revocations', '-', '+');
    return entries.some(([, fields]) => fields.join() === ['iss', testIssuer, 'jti', jti, 'exp', exp].join());
  } finally {
    redis.disconnect();
  }
}

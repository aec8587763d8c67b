import { expect, test } from 'vitest';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { until } from '../support/time/until.ts';

const WAITING = 200;
const BLOCKED_MS = 2_000;

const SERVICE = {
  sdl: 'type Query { ping(n: Int): String }',
  resolvers: { Query: { ping: () => 'pong' } },
};

test('a router whose event loop was blocked loses no request that arrived meanwhile, and recovers', async () => {
  await using router = await startRouterProcess(SERVICE, 'overload: { eventLoopDelayMs: 50 }');
  const ask = async (n: number) => {
    const response = await fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: 'query ($n: Int) { ping(n: $n) }', variables: { n } }),
    });
    await response.arrayBuffer();
    return response.status;
  };
  expect(await ask(0)).toBe(200);
  router.process.kill('SIGSTOP');
  const asked = Promise.all(Array.from({ length: WAITING }, (_, n) => ask(n + 1)));
  // The router is blocked for this time, so there is no condition to wait for.
  await until(() => false, BLOCKED_MS);
  router.process.kill('SIGCONT');
  expect((await asked).filter((status) => status !== 200 && status !== 503)).toEqual([]);
  const serves = async () => {
    const statuses = await Promise.all(Array.from({ length: 20 }, (_, n) => ask(1_000 + n)));
    return statuses.every((status) => status === 200);
  };
  expect(await until(serves, 20_000)).toBe(true);
});

import { expect, test } from 'vitest';
import { childrenOf } from '../support/processes/process-tree.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';

const TIMEOUT_MS = 120_000;

test('a frozen worker does not keep the router from stopping', { timeout: TIMEOUT_MS }, async () => {
  await using router = await startRouterProcess(
    { sdl: 'type Query { ping: String }', resolvers: {} },
    'workers: 2\nshutdown: { lameDuckMs: 0, graceMs: 100 }',
  );
  const [frozen = 0] = childrenOf(router.process.pid ?? 0);
  process.kill(frozen, 'SIGSTOP');
  router.process.kill('SIGTERM');
  expect(await router.exited).toBe(0);
  expect(() => process.kill(frozen, 0)).toThrow('ESRCH');
});

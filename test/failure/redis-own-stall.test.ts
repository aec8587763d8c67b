import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import type { SharedRateLimit } from '../support/callers/rate-limits.ts';

const url = process.env['REDIS_URL'] ?? '';
// Redis responds much sooner, also on a busy machine.
const COMMAND_TIMEOUT_MS = 500;
/**
 * Longer than the timeout of a command, longer than that of a silent connection, and much longer than both.
 */
const STALLS_MS = [600, 1_100, 2_500];

function startRateLimit(): Promise<SharedRateLimit> {
  return shareRateLimit(url, { keyPrefix: `test-${randomUUID()}:`, commandTimeoutMs: COMMAND_TIMEOUT_MS });
}

function blockProcess(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Returns the stores that decided on 100 requests in flight while this process was blocked. */
async function storesAfter({ limiter }: SharedRateLimit, ms: number): Promise<unknown[]> {
  const identity = userOf(randomUUID(), 'ENTERPRISE');
  const charges = Array.from({ length: 100 }, () =>
    limiter.charge({ identity, address: '192.0.2.1', cost: 1 }),
  );
  blockProcess(ms);
  const decisions = await Promise.all(charges);
  return [
    ...new Set(decisions.map((decision) => decision.kind === 'admitted' && decision.reservation.store)),
  ];
}

it.for(STALLS_MS)(
  'reads responses of Redis after a block of %i ms and does not report Redis as lost',
  async (ms) => {
    await using router = await startRateLimit();
    await storesAfter(router, 0);
    expect(await storesAfter(router, ms)).toEqual(['redis']);
    expect(await storesAfter(router, 0)).toEqual(['redis']);
    expect(router.changes).toEqual(['ready']);
  },
);

it('allows Redis time for a second exchange after a first one that arrived during a block', async () => {
  await using router = await startRateLimit();
  await router.link.client.script('FLUSH');
  expect(await storesAfter(router, 2 * COMMAND_TIMEOUT_MS)).toEqual(['redis']);
  expect(router.changes).toEqual(['ready']);
});

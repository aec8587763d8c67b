import { expect, it } from 'vitest';
import { createStaleValues } from '../../router/degradation/stale-store.ts';
import type { RedisLink } from '../../router/redis/connect.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import { shareRateLimit } from '../support/callers/rate-limits.ts';
import { until } from '../support/time/until.ts';

const SELECTION = { id: 'q', maxAgeMs: 60_000 };

function valuesOn(redis: RedisLink, now: () => number, later: (action: () => void) => void) {
  const values = createStaleValues(
    { stale: { 'Book.ours': { maxAgeS: 60, per: 'everyone' } }, staleMemoryBytes: 1_000_000 },
    { redis, now, later, outageCodes: () => [] },
  );
  if (values === undefined) throw new Error('stale values are disabled');
  return values;
}

it('does not overwrite newer values by writes that were pending when Redis was lost', async () => {
  await using redis = await startBreakableRedis();
  await using shared = await shareRateLimit(redis.url);
  const { link } = shared;
  let isLost = false;
  const flaky = { ...link, available: () => !isLost && link.available() };
  const due: (() => void)[] = [];
  const slow = valuesOn(
    flaky,
    () => 1_000,
    (action) => due.push(action),
  );
  const other = valuesOn(
    link,
    () => 2_000,
    (action) => action(),
  );
  const recalledBy = async (id: string) => {
    const reader = valuesOn(
      link,
      () => 3_000,
      (action) => action(),
    );
    const [found] = await reader.get([{ ...SELECTION, id }], ['book']);
    return found?.value;
  };
  const written = (id: string, value: unknown) => until(async () => (await recalledBy(id)) === value, 5_000);

  slow.set(SELECTION, 'book', 'old');
  isLost = true;
  due.shift()?.();
  isLost = false;
  other.set(SELECTION, 'book', undefined);
  other.set({ ...SELECTION, id: 'after' }, 'book', 'x');
  expect(await written('after', 'x')).toBe(true);
  slow.set({ ...SELECTION, id: 'later' }, 'book', 'y');
  due.shift()?.();
  expect(await written('later', 'y')).toBe(true);
  expect(await recalledBy('q')).toBe(undefined);
});

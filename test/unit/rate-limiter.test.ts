import * as fc from '../support/runs/properties.ts';
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../router/rate-limit/rate-limiter.ts';
import type { RateLimiter } from '../../router/rate-limit/rate-limiter.ts';
import { bucketSize } from '../../router/rate-limit/bucket.ts';
import { LocalBuckets } from '../../router/rate-limit/local-buckets.ts';
import { rateLimitOf, userOf } from '../support/callers/rate-limits.ts';
import { createClock } from '../support/time/clock.ts';
import type { Clock } from '../support/time/clock.ts';

const address = '192.0.2.1';
const anonymous = { identity: { kind: 'anonymous' }, address } as const;

describe('a charge', () => {
  it('subtracts its cost, reports the remaining points and when the bucket is full again', async () => {
    const { limiter } = localLimiter();
    const decision = await limiter.charge({ identity: userOf('ada', 'FREE'), address, cost: 250 });
    expect(decision).toEqual({
      kind: 'admitted',
      headers: {
        'ratelimit-policy': '"FREE";q=1000;w=60, "address";q=200000;w=60',
        ratelimit: '"FREE";r=750;t=15',
        'x-ratelimit-limit': '1000',
        'x-ratelimit-remaining': '750',
        'x-ratelimit-reset': '15',
      },
      reservation: expect.objectContaining({ store: 'local', points: 250 }),
    });
  });

  it('is rejected if the bucket has fewer points, subtracts nothing, and reports when to try again', async () => {
    const { limiter } = localLimiter();
    const caller = { identity: userOf('ada', 'FREE'), address };
    await limiter.charge({ ...caller, cost: 906 });
    expect(await limiter.charge({ ...caller, cost: 95 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 60,
      shortage: { bucket: 'FREE', limit: 1_000, windowMs: 60_000, remaining: 94 },
      headers: { 'retry-after': '1', ratelimit: '"FREE";r=94;t=55' },
    });
    expect(await limiter.charge({ ...caller, cost: 94 })).toMatchObject({ kind: 'admitted' });
    expect(await limiter.charge({ ...caller, cost: 500 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 30_000,
    });
  });

  it('is admitted after the seconds that the rejection named, and not a second before', async () => {
    const { limiter, clock } = localLimiter();
    const caller = { identity: userOf('ada', 'FREE'), address };
    await limiter.charge({ ...caller, cost: 1_000 });
    expect(await limiter.charge({ ...caller, cost: 200 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 12_000,
    });
    await clock.advanceAsync(11_000);
    expect(await limiter.charge({ ...caller, cost: 200 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 1_000,
    });
    await clock.advanceAsync(1_000);
    expect(await limiter.charge({ ...caller, cost: 200 })).toMatchObject({ kind: 'admitted' });
  });

  it('above the size of the bucket is reported as such, and subtracts nothing', async () => {
    const { limiter } = localLimiter();
    const caller = { identity: userOf('ada', 'FREE'), address };
    expect(await limiter.charge({ ...caller, cost: 1_001 })).toMatchObject({
      kind: 'unaffordable',
      affordable: 1_000,
    });
    expect(await limiter.charge({ ...caller, cost: 1_000 })).toMatchObject({ kind: 'admitted' });
  });

  it('above its process’s share of a bucket is not to be retried if there is no Redis', async () => {
    const { limiter, clock } = localLimiter({}, 4);
    const caller = { identity: userOf('ada', 'FREE'), address };
    expect(await limiter.charge({ ...caller, cost: 251 })).toMatchObject({
      kind: 'unaffordable',
      affordable: 250,
    });
    expect(await limiter.charge({ ...caller, cost: 250 })).toMatchObject({ kind: 'admitted' });
    expect(await limiter.charge({ ...caller, cost: 250 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 60_000,
    });
    await clock.advanceAsync(60_000);
    expect(await limiter.charge({ ...caller, cost: 250 })).toMatchObject({ kind: 'admitted' });
  });

  it.each([
    [Number.NaN, 'unaffordable'],
    [Infinity, 'unaffordable'],
    [2 ** 63, 'unaffordable'],
    [1e21, 'unaffordable'],
    [Number.MAX_SAFE_INTEGER, 'unaffordable'],
    [-5, '999'],
    [-Infinity, '999'],
    [0, '999'],
    [0.1, '999'],
    [1.5, '998'],
  ])('of %d is never admitted for free', async (cost, expected) => {
    const { limiter } = localLimiter();
    const decision = await limiter.charge({ identity: userOf('ada', 'FREE'), address, cost });
    expect(decision.headers['x-ratelimit-remaining'] ?? decision.kind).toBe(expected);
  });
});

describe('the bucket', () => {
  it.each([
    ['FREE', '1000'],
    ['PREMIUM', '10000'],
    ['ENTERPRISE', '100000'],
    ['GOLD', '1000'],
    ['__proto__', '1000'],
    ['constructor', '1000'],
    ['', '1000'],
    [undefined, '1000'],
  ])('of the tier %s has %s points', async (tier, points) => {
    const { limiter } = localLimiter();
    const decision = await limiter.charge({ identity: { ...userOf('ada'), tier }, address, cost: 1 });
    expect(decision.headers['x-ratelimit-limit']).toBe(points);
  });

  it('of an anonymous caller is that of the address, in IPv6 that of the /64', async () => {
    const { limiter } = localLimiter();
    const remaining = async (from: string) =>
      (await limiter.charge({ ...anonymous, address: from, cost: 100 })).headers['x-ratelimit-remaining'];
    expect(await remaining('192.0.2.1')).toBe('400');
    expect(await remaining('192.0.2.2')).toBe('400');
    expect(await remaining('2001:db8::1')).toBe('400');
    expect(await remaining('2001:db8:0:0:ffff::2')).toBe('300');
    expect(await remaining('2001:db8:0:1::1')).toBe('400');
  });

  it('of an address limits all its callers together', async () => {
    const { limiter } = localLimiter({ perAddress: { points: 1_500 } });
    await limiter.charge({ identity: userOf('ada'), address, cost: 1_000 });
    const decision = await limiter.charge({ identity: userOf('bob'), address, cost: 600 });
    expect(decision).toMatchObject({ kind: 'rejected', headers: { ratelimit: '"address";r=500;t=40' } });
  });

  it('is not shared by users with the same id at different issuers', async () => {
    const { limiter } = localLimiter();
    const ada = userOf('ada', 'FREE');
    await limiter.charge({ identity: ada, address, cost: 1_000 });
    const other = { ...ada, issuer: 'https://other.example' };
    expect(await limiter.charge({ identity: other, address, cost: 1_000 })).toMatchObject({
      kind: 'admitted',
    });
  });

  it('receives refunds, at most up to the charge', async () => {
    const { limiter } = localLimiter();
    const caller = { identity: userOf('ada', 'FREE'), address };
    await limiter.charge({ ...caller, cost: 500 });
    const decision = await limiter.charge({ ...caller, cost: 300 });
    if (decision.kind !== 'admitted') throw new Error('not admitted');
    for (const points of [Number.NaN, 0]) await limiter.refund(decision.reservation, points);
    expect(await remainingOf(limiter, caller)).toBe(199);
    await limiter.refund(decision.reservation, 1e9);
    expect(await remainingOf(limiter, caller)).toBe(498);
  });

  it('loses points that are charged afterwards, but never more than it has', async () => {
    const { limiter } = localLimiter();
    const caller = { identity: userOf('ada', 'FREE'), address };
    const decision = await limiter.charge({ ...caller, cost: 500 });
    if (decision.kind !== 'admitted') throw new Error('not admitted');
    await limiter.refund(decision.reservation, -100);
    expect(await remainingOf(limiter, caller)).toBe(399);
    await limiter.refund(decision.reservation, -1e6);
    expect(await limiter.charge({ ...caller, cost: 1 })).toMatchObject({
      kind: 'rejected',
      retryAfterMs: 60,
    });
  });
});

describe('for any order of charges,', () => {
  const charge = fc.record({ waitMs: fc.nat(5_000), cost: fc.integer({ min: 1, max: 400 }) });

  it('no interval admits more than a full bucket and the points added in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(charge, { maxLength: 60 }), async (charges) => {
        const { limiter, clock } = localLimiter();
        const admitted: { at: number; cost: number }[] = [];
        for (const { waitMs, cost } of charges) {
          await clock.advanceAsync(waitMs);
          const decision = await limiter.charge({ ...anonymous, cost });
          if (decision.kind === 'admitted') admitted.push({ at: clock.monotonic(), cost });
        }
        for (const [index, { at: from }] of admitted.entries()) {
          let total = 0;
          for (const { at, cost } of admitted.slice(index)) {
            total += cost;
            expect(total).toBeLessThanOrEqual(500 + ((at - from) * 500) / 60_000);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('levels are whole numbers, also of the largest bucket that may be configured', () => {
    const bucket = { ...bucketSize('b', 100_000_000, 86_400_000), key: 'b' };
    fc.assert(
      fc.property(fc.array(charge, { maxLength: 30 }), (charges) => {
        const clock = createClock();
        const buckets = new LocalBuckets(clock.monotonic);
        for (const { waitMs, cost } of charges) {
          clock.advance(waitMs);
          const [level] = buckets.charge([{ bucket, points: cost * 100_000 }]).levels;
          expect(Number.isSafeInteger(level?.units)).toBe(true);
        }
      }),
    );
  });
});

function localLimiter(
  limits: Readonly<Record<string, unknown>> = {},
  processes = 1,
): {
  limiter: RateLimiter;
  clock: Clock;
} {
  const clock = createClock();
  const limiter = createRateLimiter(rateLimitOf(limits), {
    redis: undefined,
    processes,
    monotonic: clock.monotonic,
    telemetry: { rateLimitDecided: () => undefined },
  });
  return { limiter, clock };
}

async function remainingOf(
  limiter: RateLimiter,
  caller: { identity: ReturnType<typeof userOf>; address: string },
) {
  const decision = await limiter.charge({ ...caller, cost: 1 });
  return Number(decision.headers['x-ratelimit-remaining']);
}

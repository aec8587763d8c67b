import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RateLimiter, RateLimitDecision } from '../../router/rate-limit/rate-limiter.ts';
import { rateLimitOf, shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

const url = process.env['REDIS_URL'] ?? '';
const address = '192.0.2.1';

// With a window of a day nothing is refilled while a test runs, so the admitted points are exactly the
// initial ones.
const DAY = 86_400;

// On a busy machine with many concurrent commands a late command must not look like a lost Redis.
const lateCommands = { commandTimeoutMs: 20_000 };

describe('two routers on one Redis', () => {
  it('admit exactly the points of one bucket under concurrent load', async () => {
    const { routers } = await startRouters({ tiers: { FREE: { points: 1_000, windowS: DAY } } });
    const caller = { identity: userOf('ada'), address };
    const decisions = await Promise.all(
      Array.from({ length: 4_000 }, async (_, index) => routers[index % 2]?.charge({ ...caller, cost: 1 })),
    );
    expect(decisions.filter((decision) => decision?.kind === 'admitted')).toHaveLength(1_000);
  });

  it('admit exactly the points for any costs', async () => {
    const { routers } = await startRouters({ tiers: { FREE: { points: 1_000, windowS: DAY } } });
    const costs = Array.from({ length: 900 }, (_, index) => (index % 7) + 1);
    const decisions = await Promise.all(
      costs.map(async (cost, index) => {
        const decision = await routers[index % 2]?.charge({ identity: userOf('ada'), address, cost });
        return decision?.kind === 'admitted' ? cost : 0;
      }),
    );
    const admitted = decisions.reduce((total, cost) => total + cost, 0);
    // Costs of seven may be rejected while smaller ones still fit; in the end not even a cost of one fits.
    const rest = await drain(routers, userOf('ada'));
    expect(admitted + rest).toBe(1_000);
  });

  it('count users separately, and all users of one address together', async () => {
    const { routers } = await startRouters({
      tiers: { FREE: { points: 100, windowS: DAY } },
      perAddress: { points: 150, windowS: DAY },
    });
    const charge = async (user: string, from: string, cost: number) =>
      (await routers[0]?.charge({ identity: userOf(user), address: from, cost }))?.kind;
    expect(await charge('ada', address, 100)).toBe('admitted');
    expect(await charge('bob', address, 51)).toBe('rejected');
    // The rejection charged nothing to bob’s own bucket.
    expect(await charge('bob', '192.0.2.2', 100)).toBe('admitted');
    expect(await charge('eve', address, 50)).toBe('admitted');
  });

  it('refill evenly, by the clock of Redis', async () => {
    const { routers, redis, prefix } = await startRouters({
      tiers: { FREE: { points: 60_000, windowS: 60 } },
    });
    const caller = { identity: userOf('ada'), address };
    const before = await redisMs(redis);
    await routers[0]?.charge({ ...caller, cost: 60_000 });
    const rejected = await routers[0]?.charge({ ...caller, cost: 30_000 });
    expect(rejected?.kind).toBe('rejected');
    // Thirty seconds are missing, rounded up, except for the time since the first charge.
    const missingMs = 30_000 - ((await redisMs(redis)) - before);
    const retryAfter = Number(rejected?.headers['retry-after']);
    expect(retryAfter).toBeGreaterThanOrEqual(Math.ceil(missingMs / 1000));
    expect(retryAfter).toBeLessThanOrEqual(30);
    // The bucket refills one point per millisecond, so it contains at most the elapsed milliseconds.
    const drained = await drainOnce(routers, caller);
    expect(drained).toBeLessThanOrEqual((await redisMs(redis)) - before);
    expect(await redis.keys(`${prefix}*`)).toHaveLength(2);
  });
});

describe('in Redis', () => {
  it('a bucket takes less than 200 bytes and expires when it would be full', async (context) => {
    const { routers, redis, prefix } = await startRouters({ perAddress: { points: 1_000 } });
    await routers[0]?.charge({
      identity: userOf('u'.repeat(200)),
      address: '2001:db8:1234:5678::1',
      cost: 500,
    });
    const keys = await redis.keys(`${prefix}*`);
    const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
    const lifetimes = await Promise.all(keys.map((key) => redis.pttl(key)));
    recordMeasurement(context, 'largest bucket in Redis, bytes', Math.max(...sizes.map(Number)));
    for (const size of sizes) expect(size).toBeLessThan(200);
    for (const ms of lifetimes) expect(ms).toBeGreaterThan(0);
    // 500 of 1,000 points per minute are missing.
    expect(Math.max(...lifetimes)).toBeLessThanOrEqual(30_000);
  });

  it('all buckets of one request are in one slot of a cluster', async () => {
    // An address has so many points by default that its bucket would soon be full again, and expire.
    const { routers, redis, prefix } = await startRouters({ perAddress: { points: 1_000 } });
    await routers[0]?.charge({ identity: userOf('ada'), address, cost: 900 });
    const keys = await redis.keys(`${prefix}*`);
    expect(keys).toHaveLength(2);
    expect(new Set(keys.map((key) => /\{(.*)\}/.exec(key)?.[1]))).toEqual(new Set(['rate-limit']));
  });

  it('a script that Redis has forgotten is sent again', async () => {
    const { routers, redis } = await startRouters({ tiers: { FREE: { points: 1_000, windowS: DAY } } });
    await routers[0]?.charge({ identity: userOf('ada'), address, cost: 1 });
    await redis.script('FLUSH');
    const decision = await routers[0]?.charge({ identity: userOf('ada'), address, cost: 1 });
    expect(decision?.headers['x-ratelimit-remaining']).toBe('998');
  });

  it('an invalid bucket is replaced', async () => {
    const { routers, redis, prefix } = await startRouters({});
    await routers[0]?.charge({ identity: userOf('ada'), address, cost: 500 });
    for (const key of await redis.keys(`${prefix}*`)) await redis.set(key, 'nonsense');
    const decision = await routers[0]?.charge({ identity: userOf('ada'), address, cost: 1 });
    expect(decision).toMatchObject({ kind: 'admitted', reservation: { store: 'redis' } });
    expect(decision?.headers['x-ratelimit-remaining']).toBe('999');
  });

  it('an empty bucket fills up again after the clock of Redis was set back', async () => {
    const { routers, redis, prefix } = await startRouters({
      tiers: { FREE: { points: 60_000, windowS: 60 } },
    });
    const charge = (cost = 1) => routers[0]?.charge({ identity: userOf('ada'), address, cost });
    // The key of the bucket would expire when the points are refilled, which takes a minute.
    await charge(60_000);
    const [key = ''] = await redis.keys(`${prefix}*}:u:*`);
    await redis.set(key, `0 ${(await redisMs(redis)) + 3_600_000}`);
    expect(await charge()).toMatchObject({ kind: 'rejected', shortage: { remaining: 0 } });
    // The bucket gains one point per millisecond.
    await expect.poll(() => charge()).toMatchObject({ kind: 'admitted', reservation: { store: 'redis' } });
  });

  it('refunded points can be used again, up to a full bucket', async () => {
    const { routers } = await startRouters({ tiers: { FREE: { points: 100, windowS: DAY } } });
    const caller = { identity: userOf('ada'), address };
    const decision = await routers[0]?.charge({ ...caller, cost: 100 });
    if (decision?.kind !== 'admitted') throw new Error('not admitted');
    await routers[1]?.refund(decision.reservation, 40);
    expect(await drain(routers, caller.identity)).toBe(40);
    for (const points of [1_000, 100, Number.NaN]) await routers[0]?.refund(decision.reservation, points);
    expect(await drain(routers, caller.identity)).toBe(100);
  });
});

it('decisions per second on this machine', async (context) => {
  const { routers } = await startRouters({});
  const start = performance.now();
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from({ length: 500 }, async (_, user) =>
        routers[user % 2]?.charge({ identity: userOf(`user-${user}`), address, cost: 1 }),
      ),
    );
  }
  const perSecond = 10_000 / ((performance.now() - start) / 1000);
  recordMeasurement(
    context,
    'rate-limit decisions per second, one process and one Redis',
    Math.round(perSecond),
  );
  expect(perSecond).toBeGreaterThan(0);
});

async function startRouters(limits: Readonly<Record<string, unknown>>) {
  const prefix = `test-${randomUUID()}:`;
  const options = { rateLimit: rateLimitOf(limits), keyPrefix: prefix, ...lateCommands };
  const links = [await shareRateLimit(url, options), await shareRateLimit(url, options)];
  const redis = new Redis(url);
  onTestFinished(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.del(keys);
    redis.disconnect();
    for (const link of links) await link[Symbol.asyncDispose]();
  });
  return { prefix, redis, routers: links.map(({ limiter }) => limiter) };
}

/** Charges the remaining points one by one; returns their number. */
async function drain(routers: readonly RateLimiter[], identity: ReturnType<typeof userOf>): Promise<number> {
  for (let spent = 0; ; spent++) {
    const decision: RateLimitDecision | undefined = await routers[spent % 2]?.charge({
      identity,
      address,
      cost: 1,
    });
    if (decision?.kind !== 'admitted') return spent;
  }
}

/** Charges more than the remaining points; returns the remaining points that the headers report. */
async function drainOnce(
  routers: readonly RateLimiter[],
  caller: { identity: ReturnType<typeof userOf>; address: string },
): Promise<number> {
  const probe = await routers[0]?.charge({ ...caller, cost: 60_000 });
  return Number(probe?.headers['x-ratelimit-remaining']);
}

async function redisMs(redis: Redis): Promise<number> {
  const [seconds = 0, micros = 0] = await redis.time();
  return seconds * 1000 + Math.floor(micros / 1000);
}

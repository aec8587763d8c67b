import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from '../support/runs/properties.ts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Reservation } from '../../router/rate-limit/rate-limiter.ts';
import { CHARGE_DELAY_MS, REFUND_DELAY_MS } from '../../router/rate-limit/redis-buckets.ts';
import { rateLimitOf, shareRateLimit, userOf } from '../support/callers/rate-limits.ts';
import type { SharedRateLimit } from '../support/callers/rate-limits.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startBreakableRedis } from '../support/servers/breakable-redis.ts';
import type { BreakableRedis } from '../support/servers/breakable-redis.ts';
import { commandsReceived } from '../support/servers/redis-commands.ts';
import { createClock } from '../support/time/clock.ts';
import type { Clock } from '../support/time/clock.ts';

const address = '192.0.2.1';
// With a window of a day no point is refilled while a test runs.
const DAY = 86_400;

let server: BreakableRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startBreakableRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server[Symbol.asyncDispose]();
});

describe('charges of one turn of the event loop', () => {
  it('are one command, and each has the decision that it would have alone', async () => {
    const { router } = await start({ perAddress: { points: 1_000, windowS: DAY } });
    const before = await commandsReceived(redis);
    const remaining = await Promise.all(
      Array.from({ length: 50 }, async (_, user) => {
        const decision = await charge(router, `user-${user}`, 10);
        return Number(decision.headers['x-ratelimit-remaining']);
      }),
    );
    expect((await commandsReceived(redis)) - before).toBe(1);
    // The users have 1,000 points each. Their address has fewer from the first charge on.
    expect(remaining).toEqual(Array.from({ length: 50 }, (_, user) => 1_000 - 10 * (user + 1)));
  });

  it('admit exactly the points of a bucket, in the order of arrival, and reject without taking points', async () => {
    const { router } = await start({ tiers: { FREE: { points: 30, windowS: DAY } } });
    const costs = [20, 15, 10, 1];
    const decisions = await Promise.all(costs.map((cost) => charge(router, 'ada', cost)));
    expect(decisions.map(({ kind, headers }) => [kind, headers['x-ratelimit-remaining']])).toEqual([
      ['admitted', '10'],
      ['rejected', '10'],
      ['admitted', '0'],
      ['rejected', '0'],
    ]);
    expect(router.calls()).toBe(1);
  });

  it('are sent in several commands if they are very many', async () => {
    const { router } = await start({ tiers: { FREE: { points: 1_000, windowS: DAY } } });
    await Promise.all(Array.from({ length: 150 }, () => charge(router, 'ada', 1)));
    expect(router.calls()).toBe(3);
    expect((await charge(router, 'ada', 1)).headers['x-ratelimit-remaining']).toBe('849');
  });
});

describe('while a command is in flight', () => {
  it('charges wait for its response, and are sent together', async () => {
    const { router } = await start({});
    const charges = [charge(router, 'user-0', 1)];
    server.freeze();
    for (let user = 1; user < 10; user += 1) {
      await nextTurn();
      charges.push(charge(router, `user-${user}`, 1));
    }
    await nextTurn();
    expect(router.calls()).toBe(1);
    server.thaw();
    expect(await storesOf(charges)).toEqual(['redis']);
    expect(router.calls()).toBe(2);
  });

  it('charges wait only for a short time', async () => {
    const { router, clock } = await start({});
    server.freeze();
    const charges = [charge(router, 'ada', 1)];
    await nextTurn();
    charges.push(charge(router, 'bob', 1));
    await clock.advanceAsync(CHARGE_DELAY_MS - 1);
    expect(router.calls()).toBe(1);
    await clock.advanceAsync(1);
    expect(router.calls()).toBe(2);
    server.thaw();
    expect(await storesOf(charges)).toEqual(['redis']);
  });

  it('and Redis does not respond, each charge is decided without it within the timeout of a command', async () => {
    const { router } = await start({}, { commandTimeoutMs: 100 });
    server.freeze();
    const charges: ReturnType<typeof charge>[] = [];
    for (let user = 0; user < 10; user += 1) {
      charges.push(charge(router, `user-${user}`, 1));
      await nextTurn();
    }
    expect(await storesOf(charges)).toEqual(['local']);
    expect(router.changes).toEqual(['ready', 'lost']);
    server.thaw();
  });
});

describe('a refund', () => {
  it('is sent with the next charge and before it, so that no command is needed for it', async () => {
    const { router } = await start({ tiers: { FREE: { points: 100, windowS: DAY } } });
    const reservation = await reserve(router, 'ada', 100);
    const calls = router.calls();
    const refund = router.limiter.refund(reservation, 40);
    await nextTurn();
    const decision = await charge(router, 'ada', 30);
    expect(decision).toMatchObject({ kind: 'admitted', headers: { 'x-ratelimit-remaining': '10' } });
    expect(await refund).toBe('done');
    expect(router.calls()).toBe(calls + 1);
  });

  it('is sent after a short time if there is no charge, together with others', async () => {
    const { router, clock } = await start({ tiers: { FREE: { points: 100, windowS: DAY } } });
    const [ada, bob] = [await reserve(router, 'ada', 100), await reserve(router, 'bob', 100)];
    const calls = router.calls();
    const refunds = [router.limiter.refund(ada, 40), router.limiter.refund(bob, 50)];
    await clock.advanceAsync(REFUND_DELAY_MS - 1);
    expect(router.calls()).toBe(calls);
    await clock.advanceAsync(1);
    expect(await Promise.all(refunds)).toEqual(['done', 'done']);
    expect(router.calls()).toBe(calls + 1);
    expect((await charge(router, 'bob', 1)).headers['x-ratelimit-remaining']).toBe('49');
  });

  it('does not wait if it is negative, so that its points pay for no other request', async () => {
    const { router } = await start({ tiers: { FREE: { points: 100, windowS: DAY } } });
    const reservation = await reserve(router, 'ada', 60);
    expect(await router.limiter.refund(reservation, -30)).toBe('done');
    expect((await charge(router, 'ada', 1)).headers['x-ratelimit-remaining']).toBe('9');
  });

  it('is not lost when the router stops', async () => {
    const { router, prefix } = await start({ tiers: { FREE: { points: 100, windowS: DAY } } });
    const reservation = await reserve(router, 'ada', 100);
    const refund = router.limiter.refund(reservation, 40);
    await router.buckets[Symbol.asyncDispose]();
    expect(await refund).toBe('done');
    const other = await start({ tiers: { FREE: { points: 100, windowS: DAY } } }, { prefix });
    expect((await charge(other.router, 'ada', 1)).headers['x-ratelimit-remaining']).toBe('39');
  });

  it('is reported as lost if Redis does not respond', async () => {
    const other = await start({});
    const reservation = await reserve(other.router, 'ada', 100);
    const { router, clock } = await start({}, { prefix: other.prefix, commandTimeoutMs: 100 });
    server.freeze();
    const refunds = [router.limiter.refund(reservation, 40)];
    await clock.advanceAsync(REFUND_DELAY_MS);
    expect(await refunds[0]).toBe('lost');
    expect(await router.limiter.refund(reservation, 40)).toBe('lost');
    server.thaw();
  });
});

it('batches of charges and refunds have the results of single ones, in any order', async () => {
  const step = fc.record({
    user: fc.nat(2),
    cost: fc.integer({ min: 1, max: 60 }),
    refund: fc.integer({ min: -20, max: 60 }),
    endsTurn: fc.boolean(),
  });
  const limits = {
    tiers: { FREE: { points: 100, windowS: DAY } },
    perAddress: { points: 150, windowS: DAY },
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { router } = await start(limits);
      const { router: single } = await start(limits);
      const charges: { readonly user: string; readonly cost: number; readonly refund: number }[][] = [[]];
      for (const { user, endsTurn, ...points } of steps) {
        charges.at(-1)?.push({ user: `user-${user}`, ...points });
        if (endsTurn) charges.push([]);
      }
      for (const turn of charges) {
        const together = await Promise.all(turn.map(({ user, cost }) => charge(router, user, cost)));
        const alone: Awaited<ReturnType<typeof charge>>[] = [];
        for (const { user, cost } of turn) alone.push(await charge(single, user, cost));
        expect(together.map(shown)).toEqual(alone.map(shown));
        // Refunds wait for the next charge here, and are sent one by one there.
        for (const [index, { refund }] of turn.entries()) {
          const [one, other] = [together[index], alone[index]];
          if (one?.kind !== 'admitted' || other?.kind !== 'admitted') continue;
          void router.limiter.refund(one.reservation, refund);
          const sent = single.limiter.refund(other.reservation, refund);
          await single.buckets[Symbol.asyncDispose]();
          await sent;
        }
      }
    }),
    { numRuns: 20, seed: 1 },
  );
});

it('fifty users at once cost at most 0.3 Redis commands per request', async (context) => {
  await using issuer = await startIssuer();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    // No time passes, so that refunds wait for the next charge also on a slow machine.
    parts: { env: {}, schedule: createClock().schedule },
    config: `
redis: { url: "${server.url}", commandTimeoutMs: 5000, keyPrefix: "test-${randomUUID()}:" }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit: { enabled: true }
`,
  });
  const tokens = await Promise.all(
    Array.from({ length: 50 }, (_, user) => issuer.mint({ claims: { sub: `user-${user}`, tier: 'FREE' } })),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: tokens.length });
  // All are written within one turn of the event loop. The estimate is 8 points, 4 of which are refunded.
  const wave = () =>
    Promise.all(
      tokens.map((token) => post(graph.router.url, '{ books { reviews { text } } }', token, agent)),
    );
  await wave();
  const expected = { data: { books: [1, 2].map((id) => ({ reviews: [{ text: `On ${id}` }] })) } };
  const before = await commandsReceived(redis);
  for (let count = 0; count < 4; count += 1)
    for (const text of await wave()) expect(JSON.parse(text)).toEqual(expected);
  agent.destroy();
  const perRequest = ((await commandsReceived(redis)) - before) / (4 * tokens.length);
  recordMeasurement(context, 'Redis commands per request, 50 users at once', perRequest);
  expect(perRequest).toBeLessThanOrEqual(0.3);
});

it('a router that stops sends its refunds first', async () => {
  const prefix = `test-${randomUUID()}:`;
  {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      parts: { env: {}, schedule: createClock().schedule },
      config: `
redis: { url: "${server.url}", commandTimeoutMs: 5000, keyPrefix: "${prefix}" }
rateLimit: { enabled: true, anonymous: { points: 500, windowS: ${DAY} } }
`,
    });
    await graph.query('{ books { reviews { text } } }');
  }
  const [key = ''] = await redis.keys(`${prefix}*:a:*`);
  const [units = Number.NaN] = ((await redis.get(key)) ?? '').split(' ').map(Number);
  // The estimate is 8 points, 4 of which are refunded.
  expect(Math.floor(units / (DAY * 1_000))).toBe(496);
});

type Started = { readonly router: SharedRateLimit; readonly clock: Clock; readonly prefix: string };

/** Starts the rate limit of a router, whose batches have timers of a fake clock. */
async function start(
  limits: Readonly<Record<string, unknown>>,
  { prefix = `test-${randomUUID()}:`, commandTimeoutMs = 20_000 } = {},
): Promise<Started> {
  const clock = createClock();
  const options = { rateLimit: rateLimitOf(limits), keyPrefix: prefix, commandTimeoutMs };
  const router = await shareRateLimit(server.url, { ...options, schedule: clock.schedule });
  onTestFinished(async () => {
    server.thaw();
    await router[Symbol.asyncDispose]();
  });
  return { router, clock, prefix };
}

function charge({ limiter }: SharedRateLimit, user: string, cost: number) {
  return limiter.charge({ identity: userOf(user), address, cost });
}

async function reserve(router: SharedRateLimit, user: string, cost: number): Promise<Reservation> {
  const decision = await charge(router, user, cost);
  if (decision.kind !== 'admitted') throw new Error(decision.kind);
  return decision.reservation;
}

async function storesOf(charges: readonly ReturnType<typeof charge>[]): Promise<unknown[]> {
  const decisions = await Promise.all(charges);
  return [...new Set(decisions.map((each) => each.kind === 'admitted' && each.reservation.store))];
}

function shown({ kind, headers }: Awaited<ReturnType<typeof charge>>): readonly unknown[] {
  return [kind, headers['x-ratelimit-remaining']];
}

/** Sends an operation; resolves to the text of the response. */
function post(url: string, query: string, token: string, agent: Agent): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  request(url, { method: 'POST', agent, headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    response.on('end', () => resolve(text)).on('error', reject);
  })
    .on('error', reject)
    .end(JSON.stringify({ query }));
  return promise;
}

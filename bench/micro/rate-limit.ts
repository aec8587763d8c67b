// `node bench/micro/rate-limit.ts [ROUNDS] [OTHER_CHECKOUT]` prints what charging and refunding one request
// costs against a real Redis: CPU microseconds and allocated bytes of this process, and commands that Redis
// receives. With another checkout, the rounds of both alternate, and the best of each is printed.
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { Redis } from 'ioredis';
import { startBreakableRedis } from '../../test/support/servers/breakable-redis.ts';
import { rateLimitOf, userOf } from '../../test/support/callers/rate-limits.ts';
import type * as rateLimiter from '../../router/rate-limit/rate-limiter.ts';
import type * as redisConnect from '../../router/redis/connect.ts';
import { commandsReceived } from '../../test/support/servers/redis-commands.ts';

const REQUESTS = 10_000;
const IN_FLIGHT = 50;
const USERS = 500;
/** A request takes one to this many turns of the event loop, so that charges arrive spread over turns. */
const MAX_TURNS = 6;
const UNREACHED = { points: 100_000_000, windowS: 1 };

const root = join(import.meta.dirname, '..', '..');
const [rounds = '10', other] = process.argv.slice(2);
const callers = Array.from({ length: USERS }, (_, index) => ({
  identity: userOf(`user-${index}`, 'ENTERPRISE'),
  address: '192.0.2.1',
}));

type Cost = { readonly micros: number; readonly bytes: number; readonly commands: number };

await using server = await startBreakableRedis();
const redis = new Redis(server.url);
const checkouts = [root, ...(other === undefined ? [] : [other])];
const results = new Map<string, Cost[]>(checkouts.map((checkout) => [checkout, []]));
const limiters = new Map(
  await Promise.all(checkouts.map(async (checkout) => [checkout, await createLimiter(checkout)] as const)),
);
for (let round = 0; round < Number(rounds); round += 1)
  for (const [checkout, { limiter }] of limiters) results.get(checkout)?.push(await measure(limiter));
for (const [checkout, costs] of results) {
  const best = (key: keyof Cost) => Math.min(...costs.map((cost) => cost[key]));
  console.log(
    `${checkout}: ${best('micros').toFixed(1)} µs, ${best('bytes').toFixed(0)} bytes, ` +
      `${best('commands').toFixed(2)} Redis commands per request`,
  );
}
for (const { link } of limiters.values()) await link[Symbol.asyncDispose]();
redis.disconnect();

/** Creates a rate limiter with the code of a checkout. */
async function createLimiter(checkout: string) {
  const folder = join(checkout, 'router');
  const { createRateLimiter } = (await import(
    join(folder, 'rate-limit/rate-limiter.ts')
  )) as typeof rateLimiter;
  const { connectRedis } = (await import(join(folder, 'redis/connect.ts'))) as typeof redisConnect;
  const telemetry = { redisChanged: () => undefined, rateLimitDecided: () => undefined };
  const schedule = (action: () => void, delayMs: number) => setTimeout(action, delayMs);
  const link = connectRedis(
    { keyPrefix: `${checkout}:`, commandTimeoutMs: 5_000 },
    { url: server.url, schedule, random: Math.random, telemetry },
  );
  await link.tried;
  const limits = { tiers: { FREE: UNREACHED, ENTERPRISE: UNREACHED }, perAddress: UNREACHED };
  const limiter = createRateLimiter(rateLimitOf(limits), {
    redis: link,
    monotonic: () => performance.now(),
    telemetry,
  });
  return { limiter, link };
}

/** Charges and refunds requests of many users, 50 in flight, and returns the mean cost of one. */
async function measure(limiter: Awaited<ReturnType<typeof createLimiter>>['limiter']): Promise<Cost> {
  const commandsBefore = await commandsReceived(redis);
  const bytesBefore = allocatedBytes();
  const cpuBefore = process.cpuUsage();
  let next = 0;
  const send = async (): Promise<void> => {
    while (next < REQUESTS) {
      const index = next++;
      const decision = await limiter.charge({ ...callerAt(index), cost: 40 });
      if (decision.kind !== 'admitted') throw new Error(decision.kind);
      for (let turn = index % MAX_TURNS; turn >= 0; turn -= 1) await nextTurn();
      void limiter.refund(decision.reservation, 12);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, send));
  const { user, system } = process.cpuUsage(cpuBefore);
  const bytes = allocatedBytes() - bytesBefore;
  const commands = (await commandsReceived(redis)) - commandsBefore;
  return { micros: (user + system) / REQUESTS, bytes: bytes / REQUESTS, commands: commands / REQUESTS };
}

function callerAt(index: number): (typeof callers)[number] {
  const caller = callers[index % USERS];
  if (caller === undefined) throw new Error('no caller');
  return caller;
}

/** Bytes that this process has allocated since its start. */
function allocatedBytes(): number {
  return (getHeapStatistics() as { total_allocated_bytes?: number }).total_allocated_bytes ?? Number.NaN;
}

import { configSchema } from '../../../router/config/config-schema.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import { createRateLimiter } from '../../../router/rate-limit/rate-limiter.ts';
import type { RateLimiter } from '../../../router/rate-limit/rate-limiter.ts';
import type { UserIdentity } from '../../../router/request/identity.ts';
import { connectRedis } from '../../../router/redis/connect.ts';
import type { RedisLink } from '../../../router/redis/connect.ts';
import { RedisBuckets } from '../../../router/rate-limit/redis-buckets.ts';
import { scheduleTimer } from '../../../router/shared/schedule.ts';
import type { Schedule } from '../../../router/shared/schedule.ts';

/** Returns the configuration of rate limits that are enabled. */
export function rateLimitOf(overrides: Readonly<Record<string, unknown>> = {}): Config['rateLimit'] {
  return configSchema.parse({ rateLimit: { enabled: true, ...overrides } }).rateLimit;
}

export type SharedRateLimit = AsyncDisposable & {
  readonly limiter: RateLimiter;
  readonly buckets: RedisBuckets;
  /** Number of script calls that the router has sent. */
  readonly calls: () => number;
  readonly link: RedisLink;
  /** The states of the connection that the router logged, in order. */
  readonly changes: readonly string[];
};

/** Creates the rate limiter of a router, with its own connection to a Redis. */
export async function shareRateLimit(
  url: string,
  options: {
    readonly rateLimit?: Config['rateLimit'];
    readonly keyPrefix?: string;
    /** By default so long that a busy machine does not make Redis look like one that is down. */
    readonly commandTimeoutMs?: number;
    /** Timers of batches. */
    readonly schedule?: Schedule;
  } = {},
): Promise<SharedRateLimit> {
  const changes: string[] = [];
  const telemetry = {
    redisChanged: ({ state }: { state: string }) => void changes.push(state),
    rateLimitDecided: () => undefined,
  };
  const { keyPrefix = 'test:', commandTimeoutMs = 20_000 } = options;
  const link = connectRedis(
    { keyPrefix, commandTimeoutMs },
    { url, schedule: scheduleTimer, random: Math.random, telemetry },
  );
  await link.tried;
  let calls = 0;
  const buckets = new RedisBuckets(link, {
    schedule: options.schedule ?? scheduleTimer,
    onCall: () => void (calls += 1),
  });
  const monotonic = () => performance.now();
  const limiter = createRateLimiter(options.rateLimit ?? rateLimitOf(), {
    redis: link,
    shared: buckets,
    monotonic,
    telemetry,
  });
  return {
    limiter,
    buckets,
    calls: () => calls,
    link,
    changes,
    [Symbol.asyncDispose]: () => link[Symbol.asyncDispose](),
  };
}

/** Returns a link that counts the commands for which a router waits. */
export function countWaits(link: RedisLink): { readonly link: RedisLink; readonly waits: () => number } {
  let waits = 0;
  const withTimeout: RedisLink['withTimeout'] = (command) => {
    waits += 1;
    return link.withTimeout(command);
  };
  return { link: { ...link, withTimeout }, waits: () => waits };
}

/** Returns a user whose requests are charged to a bucket of their own. */
export function userOf(id: string, tier: string | undefined = 'FREE'): UserIdentity {
  return {
    kind: 'user',
    issuer: 'https://users.example',
    id,
    email: undefined,
    roles: [],
    scopes: [],
    tenant: undefined,
    tier,
    tokenId: `token-of-${id}`,
    expiresAtS: 1_900_000_000,
  };
}

import { RateLimiterMemory, RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { RouterError } from '../shared/errors.ts';
import { withRedis } from '../redis/availability.ts';
import type { RedisLink } from '../redis/connect.ts';

/** Counts the invalid tokens that each client address has sent, to reject addresses that send too many. */
export type RejectedTokens = {
  /**
   * Checks, before a token is verified, that its client address has not sent too many invalid tokens.
   * @throws {RouterError} RATE_LIMITED
   */
  check(address: string): Promise<void>;
  count(address: string): Promise<void>;
};

/**
 * Limits how many invalid tokens are verified for one address, in a fixed time window. Routers with a common
 * Redis count together; without Redis each router counts alone.
 */
export function createRejectedTokens(perMinute: number, redis: RedisLink | undefined): RejectedTokens {
  const options = { points: perMinute, duration: 60 };
  const own = new RateLimiterMemory(options);
  const shared =
    redis &&
    new RateLimiterRedis({
      ...options,
      keyPrefix: `${redis.keyPrefix}rejected-tokens`,
      storeClient: redis.client,
      rejectIfRedisNotReady: true,
      insuranceLimiter: own,
    });

  /**
   * If a Redis command fails, rate-limiter-flexible counts in memory instead. If Redis hangs, no command
   * fails, so a timeout here limits the wait.
   */
  function run<Result>(command: (limiter: RateLimiterAbstract) => Promise<Result>): Promise<Result> {
    if (redis === undefined || shared === undefined) return command(own);
    return withRedis(
      redis,
      () => redis.withTimeout(command(shared)),
      () => command(own),
    );
  }

  return {
    async check(address) {
      const counted = await run((limiter) => limiter.get(address));
      if (counted === null || !(counted.consumedPoints >= perMinute)) return;
      throw new RouterError('RATE_LIMITED', 'too many invalid tokens from this address', {
        retryAfterS: Math.max(1, Math.ceil(counted.msBeforeNext / 1000)),
      });
    },
    async count(address) {
      await run((limiter) => limiter.penalty(address, 1));
    },
  };
}

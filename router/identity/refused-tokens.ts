import { RateLimiterMemory } from 'rate-limiter-flexible';
import { RouterError } from '../errors.ts';

export type RefusedTokens = {
  /** @throws {RouterError} RATE_LIMITED while an address has sent too many bad tokens. */
  check(address: string): Promise<void>;
  count(address: string): Promise<void>;
};

/**
 * Caps the signature checks that one address can waste, as a login throttle does.
 * A fixed window is right here: it counts failures, needs no exact share, and each router may count for itself.
 */
export function createRefusedTokens(perMinute: number): RefusedTokens {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async check(address) {
      const counted = await limiter.get(address);
      if (counted === null || counted.consumedPoints < perMinute) return;
      throw new RouterError('RATE_LIMITED', 'too many tokens from this address were refused', {
        retryAfterS: Math.max(1, Math.ceil(counted.msBeforeNext / 1000)),
      });
    },
    async count(address) {
      await limiter.penalty(address, 1);
    },
  };
}

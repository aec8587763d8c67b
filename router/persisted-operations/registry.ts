import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { RedisLink } from '../redis/connect.ts';
import { BoundedTextCache } from '../shared/bounded-text-cache.ts';

/** Documents that clients have registered by sending them with their hash. */
export type Registry = {
  /** Never rejects; what cannot be had is not there. */
  readonly find: (sha256: string) => Promise<string | undefined>;
  /** Keeps a document of which the caller knows that it has this hash. */
  readonly register: (sha256: string, source: string) => void;
};

/** Longer documents are mostly generated once. */
const LONGEST_KEPT_SOURCE = 65_536;

/** Documents in this process, and in Redis where there is one, so that what one router was told all know. */
export function createRegistry(
  { ttlS, memoryBytes }: Config['persistedOperations']['automatic'],
  redis: RedisLink | undefined,
): Registry {
  const recent = new BoundedTextCache(memoryBytes);
  const keyOf = (sha256: string) => `${redis?.keyPrefix ?? ''}operation:${sha256}`;

  async function findShared(sha256: string): Promise<string | undefined> {
    if (redis === undefined || !redis.available()) return undefined;
    try {
      // Reading it keeps it: what is still asked for never expires.
      const source = await redis.answered(redis.client.getex(keyOf(sha256), 'EX', ttlS));
      // Whoever can write to Redis must not be able to put words in a client's mouth.
      return source !== null && sha256Of(source) === sha256 ? source : undefined;
    } catch (error) {
      redis.lose(error);
      return undefined;
    }
  }

  return {
    async find(sha256) {
      const known = recent.get(sha256);
      if (known !== undefined) return known;
      const source = await findShared(sha256);
      if (source !== undefined) recent.set(sha256, source);
      return source;
    },
    register(sha256, source) {
      if (source.length > LONGEST_KEPT_SOURCE || recent.get(sha256) !== undefined) return;
      recent.set(sha256, source);
      if (redis?.available() !== true) return;
      const stored = redis.client.set(keyOf(sha256), source, 'EX', ttlS);
      void redis.answered(stored).catch((error: unknown) => redis.lose(error));
    },
  };
}

export function sha256Of(source: string): string {
  return hash('sha256', source, 'hex');
}

import { hash } from 'node:crypto';
import { withRedis } from '../redis/availability.ts';
import type { RedisLink } from '../redis/connect.ts';

/** Texts that several routers share in Redis, each with an expiry time. */
export type SharedTexts = {
  /**
   * Writes a text to Redis after the response to the client has been sent. If Redis is unavailable, nothing
   * is written.
   */
  readonly write: (key: string, text: string, maxAgeMs: number) => void;
  /**
   * Reads the texts of the given keys from Redis, in one round trip. Keys after the first `MAX_EXCHANGED` are
   * ignored. The promise never rejects.
   */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>;
};

/** Maximum number of texts that are read from or written to Redis in one round trip. */
const MAX_EXCHANGED = 500;

/**
 * Stores texts in Redis under hashes of their keys.
 * @param later runs an action after the response has been sent
 */
export function createSharedTexts(redis: RedisLink, later: (action: () => void) => void): SharedTexts {
  const waiting = new Map<string, { readonly text: string; readonly maxAgeMs: number }>();
  let isWriting = false;
  const keyOf = (key: string) => `${redis.keyPrefix}stale:${hash('sha256', key, 'base64url')}`;

  async function flush(): Promise<void> {
    while (waiting.size > 0 && redis.available()) {
      const pipeline = redis.client.pipeline();
      for (const [key, { text, maxAgeMs }] of waiting) pipeline.set(keyOf(key), text, 'PX', maxAgeMs);
      waiting.clear();
      await redis.withTimeout(pipeline.exec()).catch((error: unknown) => redis.lose(error));
    }
    // If Redis became unavailable, the waiting texts are dropped: written later, they would overwrite newer
    // texts from other routers.
    waiting.clear();
    isWriting = false;
  }

  return {
    write(key, text, maxAgeMs) {
      // If too many texts are waiting for Redis, this text is dropped. A later response may write a text for
      // the same key.
      if (!redis.available() || waiting.size >= MAX_EXCHANGED) return;
      waiting.set(key, { text, maxAgeMs });
      if (isWriting) return;
      isWriting = true;
      later(() => void flush());
    },

    async read(keys) {
      const requested = keys.slice(0, MAX_EXCHANGED);
      const texts = await withRedis(
        redis,
        () => redis.withTimeout(redis.client.mget(requested.map(keyOf))),
        () => [],
      );
      return new Map(requested.flatMap((key, index) => (texts[index] ? [[key, texts[index]] as const] : [])));
    },
  };
}

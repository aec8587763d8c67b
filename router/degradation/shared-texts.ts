import { hash } from 'node:crypto';
import type { RedisLink } from '../redis/connect.ts';

/** Texts that routers share, each for a time. */
export type SharedTexts = {
  /** Sooner or later, or not at all: nobody waits for it. */
  readonly write: (key: string, text: string, maxAgeMs: number) => void;
  /** What there is of the first of them, after one exchange at the most. Never rejects. */
  readonly read: (keys: readonly string[]) => Promise<ReadonlyMap<string, string>>;
};

/** Texts in one exchange with Redis. */
const MAX_EXCHANGED = 500;

/** Stores texts in Redis under hashes of their keys; `later` runs an action after the answer has gone out. */
export function createSharedTexts(redis: RedisLink, later: (action: () => void) => void): SharedTexts {
  const waiting = new Map<string, { readonly text: string; readonly maxAgeMs: number }>();
  let isWriting = false;
  const keyOf = (key: string) => `${redis.keyPrefix}stale:${hash('sha256', key, 'base64url')}`;

  async function flush(): Promise<void> {
    while (waiting.size > 0 && redis.available()) {
      const pipeline = redis.client.pipeline();
      for (const [key, { text, maxAgeMs }] of waiting) pipeline.set(keyOf(key), text, 'PX', maxAgeMs);
      waiting.clear();
      await redis.answered(pipeline.exec()).catch((error: unknown) => redis.lose(error));
    }
    // What could not be written by now would overwrite what others have written since.
    waiting.clear();
    isWriting = false;
  }

  return {
    write(key, text, maxAgeMs) {
      // What does not fit is dropped: it comes again.
      if (!redis.available() || waiting.size >= MAX_EXCHANGED) return;
      waiting.set(key, { text, maxAgeMs });
      if (isWriting) return;
      isWriting = true;
      later(() => void flush());
    },

    async read(keys) {
      if (!redis.available()) return new Map();
      const requested = keys.slice(0, MAX_EXCHANGED);
      try {
        const texts = await redis.answered(redis.client.mget(requested.map(keyOf)));
        return new Map(
          requested.flatMap((key, index) => (texts[index] ? [[key, texts[index]] as const] : [])),
        );
      } catch (error) {
        redis.lose(error);
        return new Map();
      }
    },
  };
}

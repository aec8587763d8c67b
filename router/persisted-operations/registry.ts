import { hash } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import { withRedis } from '../redis/availability.ts';
import type { RedisLink } from '../redis/connect.ts';
import { BoundedTextCache } from '../shared/bounded-text-cache.ts';

/**
 * Store of the documents that clients have registered by sending them together with their hash (automatic
 * persisted queries).
 */
export type Registry = {
  /**
   * Returns the document with a hash; undefined if it is not stored or Redis does not respond. Never rejects.
   * `graph` names a contract (configured part of the graph), which has its own documents.
   */
  readonly find: (sha256: string, graph?: string) => Promise<string | undefined>;
  /** Stores the document of an automatic persisted query. The caller has verified its hash. */
  readonly register: (sha256: string, source: string, graph?: string) => void;
};

/**
 * Maximum length of a stored document, in characters. Longer documents are usually generated for a single
 * use.
 */
const LONGEST_KEPT_SOURCE = 65_536;

/**
 * Creates the store of automatic persisted queries. Documents are kept in this process and, if configured, in
 * Redis, where all routers find them.
 */
export function createRegistry(
  { ttlS, memoryBytes }: Config['persistedOperations']['automatic'],
  redis: RedisLink | undefined,
): Registry {
  const recent = new BoundedTextCache(memoryBytes);
  const keyOf = (sha256: string, graph?: string) =>
    `${redis?.keyPrefix ?? ''}operation:${graph === undefined ? '' : `${graph}:`}${sha256}`;

  async function findShared(sha256: string, graph?: string): Promise<string | undefined> {
    if (redis === undefined) return undefined;
    const source = await withRedis(
      redis,
      // Reading a document renews its expiry in Redis, so documents in use never expire.
      () => redis.withTimeout(redis.client.getex(keyOf(sha256, graph), 'EX', ttlS)),
      () => null,
    );
    // The hash of a document from Redis is verified, so that nobody with write access to Redis can substitute
    // another document.
    return source !== null && sha256Of(source) === sha256 ? source : undefined;
  }

  return {
    async find(sha256, graph) {
      const key = keyOf(sha256, graph);
      const known = recent.get(key);
      if (known !== undefined) return known;
      const source = await findShared(sha256, graph);
      if (source !== undefined) recent.set(key, source);
      return source;
    },
    register(sha256, source, graph) {
      const key = keyOf(sha256, graph);
      if (source.length > LONGEST_KEPT_SOURCE || recent.get(key) !== undefined) return;
      recent.set(key, source);
      if (redis?.available() !== true) return;
      const stored = redis.client.set(key, source, 'EX', ttlS);
      void redis.withTimeout(stored).catch((error: unknown) => redis.lose(error));
    },
  };
}

/** Returns the SHA-256 of a document as 64 lower-case hexadecimal digits. */
export function sha256Of(source: string): string {
  return hash('sha256', source, 'hex');
}

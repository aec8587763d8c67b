import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import type { UserDatabase } from '../data.ts';
import { acceptedIfExpiredAfter } from './access-tokens.ts';

export type RevokedToken = { readonly jti: string; readonly exp: number };

export type RevocationStream = {
  /** Writes to the stream now; a failed write is retried until it succeeds. Never throws. */
  readonly publish: () => Promise<void>;
  readonly close: () => Promise<void>;
};

export type RevocationStreamOptions = {
  readonly db: UserDatabase;
  readonly redisUrl: string | null;
  /** `iss` of the revoked tokens. */
  readonly issuer: string;
  readonly now: () => number;
  readonly log: Logger;
};

const streamKey = 'tributary:revocations';
// Longer than any verifier accepts a token, which is 20 minutes: the lifetime and the clock tolerance.
const keptMs = 25 * 60_000;
const retryMs = 1_000;

/** Returns the revoked tokens that a verifier would accept otherwise. */
export async function listRevoked(db: UserDatabase, now: Date): Promise<RevokedToken[]> {
  const rows = await db
    .selectFrom('revoked_tokens')
    .selectAll()
    .where('expires_at', '>', acceptedIfExpiredAfter(now))
    .execute();
  return rows.map(({ jti, expires_at }) => ({ jti, exp: Math.floor(expires_at.getTime() / 1000) }));
}

/** Does nothing without Redis: the routers poll `/.well-known/revoked-tokens` then. */
export function openRevocationStream(options: RevocationStreamOptions): RevocationStream {
  if (options.redisUrl === null) return { publish: async () => undefined, close: async () => undefined };
  return new RedisRevocationStream(options, options.redisUrl);
}

/**
 * Writes the whole list, which covers at most 20 minutes, at each connection and after each failure, because
 * Redis may have lost its data. Routers ignore duplicates.
 */
class RedisRevocationStream implements RevocationStream {
  readonly #options: RevocationStreamOptions;
  readonly #redis: Redis;
  #published: ReadonlySet<string> = new Set();
  #retry: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: RevocationStreamOptions, redisUrl: string) {
    this.#options = options;
    // The defaults queue commands and retry them for half a minute; a logout must not wait that long.
    this.#redis = new Redis(redisUrl, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 1,
      commandTimeout: 500,
      connectTimeout: 2_000,
      // After a failover, a new connection reaches the new primary.
      reconnectOnError: ({ message }) => /^(READONLY|MASTERDOWN|CLUSTERDOWN|LOADING) /.test(message),
    });
    this.#redis.on('error', (error) => options.log.warn({ err: error }, 'redis is unavailable'));
    this.#redis.on('ready', () => {
      this.#published = new Set();
      void this.publish();
    });
  }

  async publish(): Promise<void> {
    clearTimeout(this.#retry);
    try {
      await this.#publishNew();
    } catch (error) {
      if (this.#closed) return;
      this.#options.log.warn({ err: error }, 'revocations will be published again');
      this.#retry = setTimeout(() => void this.publish(), retryMs);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#redis.disconnect();
  }

  async #publishNew(): Promise<void> {
    const { db, now, issuer } = this.#options;
    const oldest = String(now() - keptMs);
    const revoked = await listRevoked(db, new Date(now()));
    for (const { jti, exp } of revoked.filter(({ jti }) => !this.#published.has(jti))) {
      const fields = ['iss', issuer, 'jti', jti, 'exp', String(exp)];
      await this.#redis.xadd(streamKey, 'MINID', '~', oldest, '*', ...fields);
    }
    this.#published = new Set(revoked.map(({ jti }) => jti));
  }
}

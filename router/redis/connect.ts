import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { Config } from '../config/config-schema.ts';
import { messageOf } from '../shared/error-message.ts';
import { STUCK_MS, withTimeout, watchAvailability } from './availability.ts';
import type { Availability } from './availability.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export type RedisParts = {
  readonly url: string;
  readonly schedule: Schedule;
  /** Returns a random number from 0 to 1. */
  readonly random: () => number;
  readonly telemetry: Pick<Telemetry, 'redisChanged'>;
};

/** A Redis client for commands that requests wait for, and whether Redis is available. */
export type RedisLink = AsyncDisposable &
  Availability & {
    readonly client: Redis;
    readonly keyPrefix: string;
    /**
     * Waits for the response to a command, for at most `commandTimeoutMs`. Each time this process is blocked,
     * at most a quarter of the timeout elapses.
     */
    withTimeout<Result>(command: Promise<Result>): Promise<Result>;
  };

/**
 * The Redis connections of this router: a client for commands that requests wait for, and a client that waits
 * for revocations of tokens.
 */
export type SharedRedis = AsyncDisposable & {
  readonly link: RedisLink;
  readonly revocationStream: { readonly redis: Redis; readonly key: string };
};

const MAX_RECONNECT_MS = 1_000;

/** Connects to Redis if it is configured. Resolves when the first attempt has ended, successfully or not. */
export async function openRedis(
  config: Config['redis'],
  parts: Omit<RedisParts, 'url' | 'telemetry'> & {
    readonly telemetry: Pick<Telemetry, 'redisChanged' | 'withoutRedis'>;
  },
): Promise<SharedRedis | undefined> {
  const { url, keyPrefix } = config;
  if (url === undefined) {
    parts.telemetry.withoutRedis();
    return undefined;
  }
  const link = connectRedis(config, { ...parts, url });
  const blocking = connectBlockingRedis({ ...parts, url });
  await link.tried;
  return {
    link,
    revocationStream: { redis: blocking.client, key: `${keyPrefix}revocations` },
    async [Symbol.asyncDispose]() {
      await Promise.all([link[Symbol.asyncDispose](), blocking[Symbol.asyncDispose]()]);
    },
  };
}

/**
 * Connects a client whose commands fail at once if Redis is down or frozen. With the default options of
 * ioredis, a command was still pending after 25 s.
 */
export function connectRedis(
  config: Pick<Config['redis'], 'commandTimeoutMs' | 'keyPrefix'>,
  parts: RedisParts,
): RedisLink {
  const client = new Redis(parts.url, {
    ...reconnecting(parts.random),
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: STUCK_MS,
  });
  const availability = watchAvailability(client, parts);
  return {
    client,
    keyPrefix: config.keyPrefix,
    ...availability,
    withTimeout: (command) => withTimeout(command, config.commandTimeoutMs),
    async [Symbol.asyncDispose]() {
      availability[Symbol.dispose]();
      await close(client);
    },
  };
}

/**
 * Connects a Redis client for commands that block, such as reading a stream. The client has its own
 * connection, because a blocking command delays all later commands on the same connection.
 */
export function connectBlockingRedis(parts: RedisParts): AsyncDisposable & { readonly client: Redis } {
  const client = new Redis(parts.url, {
    ...reconnecting(parts.random),
    // Commands that are sent before the connection is ready wait in a queue. This delays no client request,
    // because requests do not use this Redis client.
    enableOfflineQueue: true,
    maxRetriesPerRequest: 0,
    blockingTimeout: 2_000,
    blockingTimeoutGrace: STUCK_MS,
    connectTimeout: STUCK_MS,
  });
  report(client, 'revocations', parts);
  return { client, [Symbol.asyncDispose]: () => close(client) };
}

/**
 * Matches errors of a Redis server that cannot run the command, such as a primary that has become a replica.
 * After such an error the client connects again, to reach the new primary. Redis 6.2 and earlier versions add
 * a prefix to errors of scripts: `ERR Error running script (…): … -READONLY …`.
 */
const IN_WRONG_STATE = /^(?:ERR Error running script .*: -)?(?:READONLY|MASTERDOWN|CLUSTERDOWN|LOADING) /;

function reconnecting(random: () => number) {
  return {
    autoResendUnfulfilledCommands: false,
    // The delay is random, so that many routers do not reconnect to a restarted Redis at the same moment.
    retryStrategy: (times: number) =>
      Math.min(50 * 2 ** Math.min(times, 10), MAX_RECONNECT_MS) * (0.5 + random() / 2),
    reconnectOnError: ({ message }: Error) => IN_WRONG_STATE.test(message),
  } satisfies RedisOptions;
}

function report(client: Redis, name: string, { telemetry }: RedisParts): void {
  let state: 'ready' | 'lost' | undefined;
  const changeTo = (next: 'ready' | 'lost', reason?: string): void => {
    if (state !== next)
      telemetry.redisChanged({ client: name, state: next, ...(reason !== undefined && { reason }) });
    state = next;
  };
  client.on('ready', () => changeTo('ready'));
  client.on('error', (error) => changeTo('lost', messageOf(error)));
}

async function close(client: Redis): Promise<void> {
  // ioredis emits `end` only if it has a connection. Between two attempts to connect it has none, and waiting
  // for the event would never end.
  const hasConnection = client.status !== 'reconnecting' && client.status !== 'end';
  const ended = Promise.withResolvers<void>();
  client.once('end', ended.resolve);
  client.disconnect();
  if (hasConnection) await ended.promise;
}

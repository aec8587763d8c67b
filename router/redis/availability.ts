import type { Redis } from 'ioredis';
import { messageOf } from '../shared/error-message.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** State of the connection to Redis. While Redis is unavailable, requests do not wait for Redis. */
export type Availability = {
  available(): boolean;
  /**
   * Must be called when a Redis command has failed. Redis then counts as unavailable until a probe succeeds.
   */
  lose(reason: unknown): void;
  /** Resolves when the first connection attempt has ended, successfully or not. */
  readonly tried: Promise<void>;
};

/**
 * Runs a Redis command. While Redis is unavailable, or if the command fails, returns the result of
 * `otherwise`.
 */
export async function withRedis<Result>(
  redis: Pick<Availability, 'available' | 'lose'> | undefined,
  command: () => Promise<Result>,
  otherwise: () => Result | Promise<Result>,
): Promise<Result> {
  if (redis?.available() !== true) return otherwise();
  try {
    return await command();
  } catch (error) {
    redis.lose(error);
    return otherwise();
  }
}

/** Milliseconds without a response after which a Redis connection counts as broken and is replaced. */
export const STUCK_MS = 1_000;
const PROBE_MS = 200;

/** Watches whether Redis responds to a client, and replaces connections that no longer respond. */
export function watchAvailability(
  client: Redis,
  {
    schedule,
    telemetry,
  }: { readonly schedule: Schedule; readonly telemetry: Pick<Telemetry, 'redisChanged'> },
): Availability & Disposable {
  const tried = Promise.withResolvers<void>();
  let state: 'untried' | 'ready' | 'lost' = 'untried';
  let probe: Disposable | undefined;

  function changeTo(next: 'ready' | 'lost', reason?: unknown): void {
    tried.resolve();
    if (state === next) return;
    state = next;
    telemetry.redisChanged({
      client: 'requests',
      state,
      ...(reason !== undefined && { reason: messageOf(reason) }),
    });
  }

  function lose(reason: unknown): void {
    changeTo('lost', reason);
    probe ??= schedule(ask, PROBE_MS);
  }

  function ask(): void {
    probe = undefined;
    if (client.status !== 'ready') return;
    const response = client.ping();
    response.then(() => changeTo('ready'), lose);
    replaceIfSilent(response);
  }

  function greet(): void {
    const greeted = Promise.withResolvers<void>();
    client.once('ready', greeted.resolve);
    client.stream.once('close', () => {
      // Without this, each connection that closes before it is ready would leave a `ready` listener on the
      // client, and a long outage with many attempts to connect would accumulate them.
      client.off('ready', greeted.resolve);
      greeted.resolve();
    });
    replaceIfSilent(greeted.promise);
  }

  // Replaces a connection without a response in time: the server is frozen, or the network lost the
  // connection. The option `socketTimeout` of ioredis is not used: if this process was blocked, ioredis would
  // end the connection before it reads the data that has arrived.
  function replaceIfSilent(response: Promise<unknown>): void {
    const { stream } = client;
    withTimeout(Promise.allSettled([response]), STUCK_MS).catch(() => stream.destroy());
  }

  client.on('error', lose);
  client.on('close', () => lose('connection closed'));
  client.on('connect', greet);
  client.on('ready', ask);
  return {
    available: () => state === 'ready',
    lose,
    tried: tried.promise,
    [Symbol.dispose]() {
      client.off('error', lose).on('error', () => undefined);
      client.removeAllListeners('close').removeAllListeners('ready').off('connect', greet);
      probe?.[Symbol.dispose]();
    },
  };
}

/**
 * Number of timers into which a timeout for Redis is divided. While this process is blocked, only one of the
 * timers can elapse, so that most of the timeout is left afterwards.
 */
const PARTS = 4;

/**
 * Rejects if Redis does not respond within `timeoutMs`. The time is split into several timers, one after
 * another. While this process is blocked or gets no CPU, only one of the timers can elapse, so that a blocked
 * process does not report that Redis is unavailable. Data that is already in the socket is read before the
 * promise is rejected.
 */
export function withTimeout<Result>(promise: Promise<Result>, timeoutMs: number): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error('no response in time'));
    let left = PARTS;
    const wait = () => setTimeout(passed, timeoutMs / PARTS);
    const passed = () => {
      left -= 1;
      if (left > 0) timer = wait();
      else setImmediate(() => setImmediate(giveUp));
    };
    let timer = wait();
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

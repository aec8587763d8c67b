import type { Redis } from 'ioredis';
import { messageOf } from '../shared/error-message.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Whether asking Redis is worth the wait. */
export type Availability = {
  available(): boolean;
  /** To be told of a failed command: until a probe is answered nobody waits for Redis again. */
  lose(reason: unknown): void;
  /** Resolves when the first attempt to connect has ended, well or not. */
  readonly tried: Promise<void>;
};

/** After this time a connection that says nothing is given up. */
export const STUCK_MS = 1_000;
const PROBE_MS = 200;

/** Knows the state of a client that fails fast, and replaces connections on which nothing comes any more. */
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
      client: 'budget',
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
    const answer = client.ping();
    answer.then(() => changeTo('ready'), lose);
    replaceIfSilent(answer);
  }

  function greet(): void {
    const greeted = Promise.withResolvers<void>();
    client.once('ready', greeted.resolve);
    client.stream.once('close', () => {
      // A connection that ends before it is ready must not leave its listener behind: there may be many before one is.
      client.off('ready', greeted.resolve);
      greeted.resolve();
    });
    replaceIfSilent(greeted.promise);
  }

  // A frozen server keeps its connections, and a network may lose one without a word. ioredis's own `socketTimeout` would end
  // a connection before it reads what came while this process stood still.
  function replaceIfSilent(answer: Promise<unknown>): void {
    const { stream } = client;
    answeredWithin(Promise.allSettled([answer]), STUCK_MS).catch(() => stream.destroy());
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

/** Into how many parts a wait is cut. */
const PARTS = 4;

/**
 * Waits for an answer as long as this process could have read it. A time in which the process stood still, or had no processor, counts
 * for one part of the wait: nothing was read in it, nothing sent that an answer made necessary, and a Redis beside it had perhaps no
 * processor either. At the end the answer may lie in the socket: it is read first.
 */
export function answeredWithin<Answer>(answer: Promise<Answer>, timeoutMs: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error('no answer in time'));
    let left = PARTS;
    const wait = () => setTimeout(passed, timeoutMs / PARTS);
    const passed = () => {
      left -= 1;
      if (left > 0) timer = wait();
      else setImmediate(() => setImmediate(giveUp));
    };
    let timer = wait();
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

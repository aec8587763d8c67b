import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Result } from 'ioredis';
import type { RedisLink } from '../redis/connect.ts';
import { scheduleTimer } from '../shared/schedule.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Debit } from './bucket.ts';
import { BucketBatch, UPDATE_BUCKETS } from './bucket-batch.ts';
import type { Decision } from './local-buckets.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    updateBuckets(keys: number, ...keysAndNumbers: string[]): Result<unknown, Context>;
  }
}

export type RedisBucketsOptions = {
  readonly schedule?: Schedule;
  /** Called for each call of the Lua script that updates the buckets in Redis, for metrics. */
  readonly onCall?: () => void;
};

/** Outcome of a refund; `lost` if Redis has not responded in time. */
export type RefundOutcome = 'done' | 'lost';

/** Maximum milliseconds that a refund waits, so that it can be sent to Redis together with a charge. */
export const REFUND_DELAY_MS = 10;
/** Maximum milliseconds that a charge waits while the previous call to Redis is in flight. */
export const CHARGE_DELAY_MS = 2;
/**
 * Numbers of charges, refunds or buckets at which a batch is sent to Redis at once. A batch of this size
 * blocks Redis for about a millisecond.
 */
const FULL_BATCH = { charges: 64, refunds: 256, buckets: 128 };

/**
 * Token buckets in Redis, shared by all routers. Each call of a Lua script applies a batch: all charges of
 * one turn of the event loop, and the refunds that waited for them. While a call is in flight, charges wait
 * for its response, but no longer than `CHARGE_DELAY_MS`. More load therefore makes the batches larger.
 */
export class RedisBuckets implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #schedule: Schedule;
  readonly #onCall: () => void;
  readonly #prefix: string;
  #waiting: ScriptCall | undefined;
  readonly #inFlight = new Set<ScriptCall>();
  #timer: { readonly delayMs: number; readonly handle: Disposable } | undefined;

  constructor(
    link: RedisLink,
    { schedule = scheduleTimer, onCall = () => undefined }: RedisBucketsOptions = {},
  ) {
    this.#link = link;
    this.#schedule = schedule;
    this.#onCall = onCall;
    // All keys have the same hash tag, because a Lua script may access only keys in one slot of a Redis
    // cluster.
    this.#prefix = `${link.keyPrefix}{rate-limit}:`;
    link.client.defineCommand('updateBuckets', { lua: UPDATE_BUCKETS });
  }

  /**
   * Takes the points of each debit from its bucket. If one bucket holds too little, nothing is taken from any
   * bucket. Calls `conclude` with the decision, or with undefined if Redis does not respond in time, and
   * resolves to the result of `conclude`.
   */
  charge<Conclusion>(
    debits: readonly Debit[],
    conclude: (decision: Decision | undefined) => Conclusion,
  ): Promise<Conclusion> {
    const call = this.#collect();
    const index = call.batch.charge(debits);
    call.limitTime(this.#link);
    if (isFull(call.batch)) this.#send();
    else this.#sendWithin(this.#inFlight.size === 0 ? 0 : CHARGE_DELAY_MS);
    return call.decisions.then((decisions) => conclude(decisions?.[index]));
  }

  /**
   * Returns points to the buckets. A negative amount takes points, but no more than a bucket holds. All
   * refunds of one batch share one promise.
   */
  refund(debits: readonly Debit[]): Promise<RefundOutcome> {
    const call = this.#collect();
    let delayMs = REFUND_DELAY_MS;
    for (const debit of debits) {
      call.batch.refund(debit);
      // A negative refund takes points. It is sent without delay, because otherwise another request could
      // spend these points first.
      if (debit.points < 0) delayMs = 0;
    }
    if (isFull(call.batch)) this.#send();
    else this.#sendWithin(delayMs);
    return call.refunded;
  }

  /** Sends the waiting charges and refunds, and waits for the responses of Redis. */
  async [Symbol.asyncDispose](): Promise<void> {
    // The last requests may still add refunds in this turn of the event loop, after their responses. The last
    // batch must include these refunds, so it waits for the end of this turn.
    await nextTurn();
    this.#send();
    await Promise.all([...this.#inFlight].map(({ decisions }) => decisions));
  }

  #collect(): ScriptCall {
    return (this.#waiting ??= new ScriptCall());
  }

  #sendWithin(delayMs: number): void {
    if (this.#timer !== undefined && this.#timer.delayMs <= delayMs) return;
    this.#timer?.handle[Symbol.dispose]();
    const send = () => this.#send();
    // `setImmediate` runs after all sockets have been read in this turn of the event loop, so the batch
    // includes the charges of all requests that arrived together.
    this.#timer = { delayMs, handle: delayMs === 0 ? setImmediate(send) : this.#schedule(send, delayMs) };
  }

  #send(): void {
    this.#timer?.handle[Symbol.dispose]();
    this.#timer = undefined;
    const call = this.#waiting;
    if (call === undefined) return;
    this.#waiting = undefined;
    this.#inFlight.add(call);
    this.#onCall();
    call.send(this.#link, this.#prefix);
    void call.decisions.then(() => this.#finish(call));
  }

  #finish(call: ScriptCall): void {
    this.#inFlight.delete(call);
    if (this.#inFlight.size === 0 && (this.#waiting?.batch.charges ?? 0) > 0) this.#sendWithin(0);
  }
}

function isFull({ charges, refunds, buckets }: BucketBatch): boolean {
  return charges >= FULL_BATCH.charges || refunds >= FULL_BATCH.refunds || buckets >= FULL_BATCH.buckets;
}

/**
 * One call of the Lua script that updates buckets in Redis: a batch of charges and refunds, and the promises
 * of its results.
 */
class ScriptCall {
  readonly batch = new BucketBatch();
  /** Whether each charge of the batch was admitted; undefined if Redis does not respond in time. */
  readonly decisions: Promise<readonly Decision[] | undefined>;
  readonly refunded: Promise<RefundOutcome>;
  readonly #decide: (decisions: Promise<readonly Decision[] | undefined>) => void;
  readonly #response = Promise.withResolvers<unknown>();
  #hasLimit = false;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<readonly Decision[] | undefined>();
    this.decisions = promise;
    this.#decide = resolve;
    this.refunded = promise.then((decisions) => (decisions === undefined ? 'lost' : 'done'));
  }

  /** Starts the timeout for the response of Redis. Further calls of this method have no effect. */
  limitTime(link: RedisLink): void {
    if (this.#hasLimit) return;
    this.#hasLimit = true;
    const decided = link
      .withTimeout(this.#response.promise)
      .then((response) => this.batch.decisions(response))
      .catch((error: unknown) => {
        link.lose(error);
        return undefined;
      });
    this.#decide(decided);
  }

  /** Sends the batch to Redis. Fails at once if Redis has gone down since the first charge was added. */
  send(link: RedisLink, prefix: string): void {
    this.limitTime(link);
    const keys = this.batch.keys(prefix);
    this.#response.resolve(
      link.available()
        ? link.client.updateBuckets(keys.length, ...keys, this.batch.numbers())
        : Promise.reject(new Error('Redis is down')),
    );
  }
}

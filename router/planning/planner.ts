import type { QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../shared/errors.ts';
import type { OperationToPlan } from './operation-planner.ts';
import { PlanningQueue } from './planning-queue.ts';
import { startPlanningThread } from './planning-thread.ts';
import type { PlanningThread, ThreadOutcome } from './planning-thread.ts';
import type { Renames } from './prepare/renames.ts';

export type { OperationToPlan } from './operation-planner.ts';

/** Result of planning an operation. */
export type PlanOutcome =
  | {
      readonly kind: 'planned';
      readonly plan: QueryPlan;
      readonly renames: Renames;
      /**
       * Length of `plan` and `renames` as JSON, in characters. The memory of the plan is estimated from it.
       */
      readonly length?: number;
    }
  /**
   * The operation was not planned. The error has the code OPERATION_NOT_PLANNABLE, PLANNING_TIMEOUT or
   * SHUTTING_DOWN.
   */
  | { readonly kind: 'rejected'; readonly error: RouterError };

/**
 * Plans operations in worker threads. Its promises never reject. Equal operations that wait at the same time
 * are planned once.
 */
export type Planner = AsyncDisposable & {
  /**
   * Plans an operation. If many operations wait, callers take turns; `caller` identifies them. Operations
   * without a caller share one turn.
   */
  plan(operation: OperationToPlan, caller?: string): Promise<PlanOutcome>;
};

export type PlannerOptions = {
  readonly supergraphSdl: string;
  /**
   * Maximum time to plan one operation, in milliseconds. The time in the queue is limited separately, to
   * `timeoutMs` plus the time in which a thread starts.
   */
  readonly timeoutMs: number;
  readonly threads?: number;
  /** Maximum number of distinct waiting operations of all callers together. */
  readonly maxWaiting?: number;
  /** Maximum number of distinct waiting operations of one caller; further ones are rejected immediately. */
  readonly maxWaitingPerCaller?: number;
  readonly startThread?: typeof startPlanningThread;
};

/**
 * Milliseconds allowed for the start of a thread. The start takes about one second, or several seconds on a
 * busy machine.
 */
const START_ALLOWANCE_MS = 10_000;

// Seconds that a client should wait before it sends an operation again. Most operations are planned within
// milliseconds.
const RETRY_AFTER_S = 1;

/**
 * Caller in the planning queue for operations that no client has requested: before a new supergraph comes
 * into use, the router plans operations for it.
 */
const NO_CALLER = '';

type PendingPlan = {
  readonly operation: OperationToPlan;
  readonly outcome: Promise<PlanOutcome>;
  readonly settle: (outcome: PlanOutcome) => void;
  readonly timer: NodeJS.Timeout;
};

/**
 * Starts the planning threads. Resolves when each of them has read the supergraph and planned a first
 * operation.
 * @throws if the planner cannot use the supergraph.
 */
export async function createPlanner(options: PlannerOptions): Promise<Planner> {
  const pool = new ThreadPool({
    threads: 1,
    maxWaiting: 1000,
    maxWaitingPerCaller: 1000,
    startThread: startPlanningThread,
    ...options,
  });
  await pool.start();
  return pool;
}

/** Threads that take waiting operations from a queue. A new thread replaces one that has ended. */
class ThreadPool implements Planner {
  readonly #options: Required<PlannerOptions>;
  readonly #idle: PlanningThread[] = [];
  readonly #all = new Set<PlanningThread>();
  readonly #starting = new Set<Promise<void>>();
  readonly #inFlight = new Map<string, PendingPlan>();
  readonly #queue: PlanningQueue<PendingPlan>;
  #closed = false;

  constructor(options: Required<PlannerOptions>) {
    this.#options = options;
    this.#queue = new PlanningQueue(options);
  }

  async start(): Promise<void> {
    const threads = Array.from({ length: this.#options.threads }, () => this.#startThread());
    const started = await Promise.allSettled(threads);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this[Symbol.asyncDispose]();
    throw failed.reason;
  }

  plan(operation: OperationToPlan, caller = NO_CALLER): Promise<PlanOutcome> {
    const key = JSON.stringify([operation.operationName, operation.overrides, operation.document]);
    const known = this.#inFlight.get(key);
    if (known !== undefined) {
      if (this.#queue.join(known, caller)) known.timer.refresh();
      return known.outcome;
    }
    if (this.#closed) return Promise.resolve(rejection('SHUTTING_DOWN'));
    const waiting = this.#createWaiting(key, operation);
    this.#inFlight.set(key, waiting);
    this.#enqueue(waiting, caller);
    return waiting.outcome;
  }

  #createWaiting(key: string, operation: OperationToPlan): PendingPlan {
    const { promise: outcome, resolve } = Promise.withResolvers<PlanOutcome>();
    const settle = (result: PlanOutcome) => {
      this.#inFlight.delete(key);
      resolve(result);
    };
    const timer = setTimeout(() => {
      this.#take(waiting).settle(
        rejection('PLANNING_TIMEOUT', 'The operation waited too long to be planned.'),
      );
    }, this.#options.timeoutMs + START_ALLOWANCE_MS);
    const waiting: PendingPlan = { operation, outcome, settle, timer };
    return waiting;
  }

  #enqueue(waiting: PendingPlan, caller: string): void {
    const rejected = this.#queue.add(waiting, caller);
    if (rejected !== undefined) {
      this.#take(rejected).settle(
        rejection('PLANNING_TIMEOUT', 'Too many new operations are waiting to be planned.'),
      );
    }
    this.#replaceThreads();
    this.#assign();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#queue) this.#take(waiting).settle(rejection('SHUTTING_DOWN'));
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#all].map((thread) => thread[Symbol.asyncDispose]()));
  }

  #assign(): void {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      const waiting = this.#queue.next();
      if (waiting === undefined) return void this.#idle.push(thread);
      void this.#run(thread, this.#take(waiting));
    }
  }

  #take(waiting: PendingPlan): PendingPlan {
    clearTimeout(waiting.timer);
    this.#queue.delete(waiting);
    return waiting;
  }

  async #run(thread: PlanningThread, { operation, settle }: PendingPlan): Promise<void> {
    const outcome = await thread.plan(operation, this.#options.timeoutMs);
    settle(this.#closed ? rejection('SHUTTING_DOWN') : toOutcome(outcome));
    switch (outcome.kind) {
      case 'planned':
      case 'rejected':
        this.#idle.push(thread);
        break;
      case 'timed out':
      case 'died':
        this.#all.delete(thread);
        this.#replaceThreads();
    }
    this.#assign();
  }

  /**
   * Starts threads to replace those that have ended. If a start fails, for example because memory is short,
   * the next operation starts the thread again.
   */
  #replaceThreads(): void {
    if (this.#closed) return;
    while (this.#all.size + this.#starting.size < this.#options.threads) {
      const starting = this.#startThread().catch(() => undefined);
      this.#starting.add(starting);
      void starting.then(() => this.#starting.delete(starting));
    }
  }

  async #startThread(): Promise<void> {
    const thread = await this.#options.startThread(this.#options.supergraphSdl);
    this.#all.add(thread);
    this.#idle.push(thread);
    this.#assign();
  }
}

function toOutcome(outcome: ThreadOutcome): PlanOutcome {
  switch (outcome.kind) {
    case 'planned':
      return outcome;
    case 'rejected':
      return rejection('OPERATION_NOT_PLANNABLE', outcome.message);
    case 'timed out':
      return rejection('PLANNING_TIMEOUT');
    case 'died':
      return rejection(
        'PLANNING_TIMEOUT',
        'The planning thread ended before the operation was planned.',
        outcome.error,
      );
  }
}

function rejection(
  code: 'OPERATION_NOT_PLANNABLE' | 'PLANNING_TIMEOUT' | 'SHUTTING_DOWN',
  message?: string,
  cause?: Error,
): PlanOutcome {
  const retry = code === 'PLANNING_TIMEOUT' && { retryAfterS: RETRY_AFTER_S };
  return { kind: 'rejected', error: new RouterError(code, message, { ...retry, ...(cause && { cause }) }) };
}

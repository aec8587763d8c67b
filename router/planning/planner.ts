import type { QueryPlan } from '@apollo/query-planner';
import { RouterError } from '../errors.ts';
import type { OperationToPlan } from './operation-planner.ts';
import { startPlanningThread } from './planning-thread.ts';
import type { PlanningThread, ThreadOutcome } from './planning-thread.ts';
import type { Renames } from './renames.ts';

export type { OperationToPlan } from './operation-planner.ts';

export type PlanOutcome =
  | {
      readonly kind: 'planned';
      readonly plan: QueryPlan;
      readonly renames: Renames;
      /** Characters of the plan and the renames as JSON. */
      readonly length?: number;
    }
  /** With code OPERATION_NOT_PLANNABLE, PLANNING_TIMEOUT or SHUTTING_DOWN. */
  | { readonly kind: 'refused'; readonly error: RouterError };

/** Plans operations off the main thread; never rejects. Equal operations that wait together are planned once. */
export type Planner = AsyncDisposable & { plan(operation: OperationToPlan): Promise<PlanOutcome> };

export type PlannerOptions = {
  readonly supergraphSdl: string;
  /** For one planning; as long again, and for a thread to be replaced, an operation may wait for its turn. */
  readonly timeoutMs: number;
  readonly threads?: number;
  /** How many distinct operations may wait; the next is refused at once. */
  readonly maxWaiting?: number;
};

/** A thread starts in about a second, and in several on a machine with much else to do. */
const START_ALLOWANCE_MS = 10_000;

type Waiting = {
  readonly operation: OperationToPlan;
  readonly answer: (outcome: PlanOutcome) => void;
  readonly timer: NodeJS.Timeout;
};

/**
 * Resolves when every thread has read the supergraph and planned once.
 * @throws when the supergraph cannot be planned against.
 */
export async function createPlanner(options: PlannerOptions): Promise<Planner> {
  const pool = new ThreadPool({ threads: 1, maxWaiting: 1000, ...options });
  await pool.start();
  const inFlight = new Map<string, Promise<PlanOutcome>>();
  return {
    plan: (operation) => {
      const key = JSON.stringify([operation.operationName, operation.document]);
      const known = inFlight.get(key);
      if (known !== undefined) return known;
      const outcome = pool.plan(operation).finally(() => inFlight.delete(key));
      inFlight.set(key, outcome);
      return outcome;
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}

/** Threads that take waiting operations in turn; a thread that was stopped is replaced by a fresh one. */
class ThreadPool implements AsyncDisposable {
  readonly #options: Required<PlannerOptions>;
  readonly #idle: PlanningThread[] = [];
  readonly #all = new Set<PlanningThread>();
  readonly #starting = new Set<Promise<void>>();
  readonly #waiting = new Set<Waiting>();
  #closed = false;

  constructor(options: Required<PlannerOptions>) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const threads = Array.from({ length: this.#options.threads }, () => this.#startThread());
    const started = await Promise.allSettled(threads);
    const failed = started.find((result) => result.status === 'rejected');
    if (failed === undefined) return;
    await this[Symbol.asyncDispose]();
    throw failed.reason;
  }

  plan(operation: OperationToPlan): Promise<PlanOutcome> {
    if (this.#closed) return Promise.resolve(refusal('SHUTTING_DOWN'));
    if (this.#waiting.size >= this.#options.maxWaiting) {
      return Promise.resolve(
        refusal('PLANNING_TIMEOUT', 'Too many new operations are waiting to be planned.'),
      );
    }
    const { promise, resolve } = Promise.withResolvers<PlanOutcome>();
    const timer = setTimeout(() => {
      this.#waiting.delete(waiting);
      resolve(refusal('PLANNING_TIMEOUT', 'The operation waited too long to be planned.'));
    }, this.#options.timeoutMs + START_ALLOWANCE_MS);
    const waiting: Waiting = { operation, answer: resolve, timer };
    this.#waiting.add(waiting);
    this.#replaceThreads();
    this.#assign();
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting) this.#take(waiting).answer(refusal('SHUTTING_DOWN'));
    await Promise.allSettled(this.#starting);
    await Promise.all([...this.#all].map((thread) => thread[Symbol.asyncDispose]()));
  }

  #assign(): void {
    for (const waiting of this.#waiting) {
      const thread = this.#idle.pop();
      if (thread === undefined) return;
      void this.#run(thread, this.#take(waiting));
    }
  }

  #take(waiting: Waiting): Waiting {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
    return waiting;
  }

  async #run(thread: PlanningThread, { operation, answer }: Waiting): Promise<void> {
    const outcome = await thread.plan(operation, this.#options.timeoutMs);
    answer(this.#closed ? refusal('SHUTTING_DOWN') : toOutcome(outcome));
    switch (outcome.kind) {
      case 'planned':
      case 'refused':
        this.#idle.push(thread);
        break;
      case 'timed out':
      case 'died':
        this.#all.delete(thread);
        this.#replaceThreads();
    }
    this.#assign();
  }

  /** A replacement that cannot start now, on a machine short of memory, is tried again with the next operation. */
  #replaceThreads(): void {
    if (this.#closed) return;
    while (this.#all.size + this.#starting.size < this.#options.threads) {
      const starting = this.#startThread().catch(() => undefined);
      this.#starting.add(starting);
      void starting.then(() => this.#starting.delete(starting));
    }
  }

  async #startThread(): Promise<void> {
    const thread = await startPlanningThread(this.#options.supergraphSdl);
    this.#all.add(thread);
    this.#idle.push(thread);
    this.#assign();
  }
}

function toOutcome(outcome: ThreadOutcome): PlanOutcome {
  switch (outcome.kind) {
    case 'planned':
      return outcome;
    case 'refused':
      return refusal('OPERATION_NOT_PLANNABLE', outcome.message);
    case 'timed out':
      return refusal('PLANNING_TIMEOUT');
    case 'died':
      return {
        kind: 'refused',
        error: new RouterError('PLANNING_TIMEOUT', 'Planning the operation took more than is allowed.', {
          cause: outcome.error,
        }),
      };
  }
}

function refusal(
  code: 'OPERATION_NOT_PLANNABLE' | 'PLANNING_TIMEOUT' | 'SHUTTING_DOWN',
  message?: string,
): PlanOutcome {
  return { kind: 'refused', error: new RouterError(code, message) };
}

/** Thrown for a task that would wait too long. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

export type FairQueueOptions = {
  /** Maximum number of concurrent tasks. */
  readonly concurrency: number;
  /** Maximum number of waiting tasks, all lanes together. */
  readonly maxWaiting: number;
  /** Maximum number of waiting tasks of one lane. */
  readonly maxWaitingPerLane: number;
  /** Milliseconds after which a waiting task is rejected, because its caller has timed out or is about to. */
  readonly maxWaitMs: number;
  readonly monotonic: () => number;
};

export type Place = {
  /** Client of the task. Lanes take turns, so that a client with many tasks does not delay the others. */
  readonly lane: string;
  /** Aborted when the client has disconnected. */
  readonly signal: AbortSignal;
};

type Waiting = {
  readonly since: number;
  readonly start: () => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Runs a bounded number of tasks concurrently and queues a bounded number, in round-robin order of the lanes.
 */
export class FairQueue {
  readonly #options: FairQueueOptions;
  /** Lanes with waiting tasks; the first is next. */
  readonly #lanes = new Map<string, Waiting[]>();
  #waiting = 0;
  #running = 0;

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** @throws {QueueFullError} or the reason of the signal, before the task has started */
  async run<Result>(task: () => Promise<Result>, place: Place): Promise<Result> {
    place.signal.throwIfAborted();
    if (this.#running < this.#options.concurrency) this.#running += 1;
    else await this.#turn(place);
    try {
      return await task();
    } finally {
      this.#running -= 1;
      this.#startNext();
    }
  }

  async #turn({ lane, signal }: Place): Promise<void> {
    this.#makeRoom(lane);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const waiting = { since: this.#options.monotonic(), start: () => resolve(undefined), reject };
    const lanes = this.#lanes;
    lanes.set(lane, [...(lanes.get(lane) ?? []), waiting]);
    this.#waiting += 1;
    const leave = () => {
      this.#remove(lane, waiting);
      reject(signal.reason);
    };
    signal.addEventListener('abort', leave);
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  /**
   * A task of a shorter lane displaces the newest task of the longest lane, so that no lane can fill the
   * queue alone.
   */
  #makeRoom(lane: string): void {
    const { maxWaiting, maxWaitingPerLane } = this.#options;
    const own = this.#lanes.get(lane)?.length ?? 0;
    if (own >= maxWaitingPerLane) throw new QueueFullError('too many tasks of this lane are waiting');
    if (this.#waiting < maxWaiting) return;
    const [longest, tasks] = [...this.#lanes].reduce((most, each) =>
      each[1].length > most[1].length ? each : most,
    );
    const newest = tasks.at(-1);
    if (newest === undefined || tasks.length <= own + 1)
      throw new QueueFullError('too many tasks are waiting');
    this.#remove(longest, newest);
    newest.reject(new QueueFullError('displaced by a task of a shorter lane'));
  }

  #remove(lane: string, waiting: Waiting): void {
    const tasks = this.#lanes.get(lane) ?? [];
    const rest = tasks.filter((task) => task !== waiting);
    if (rest.length === tasks.length) return;
    this.#waiting -= 1;
    if (rest.length === 0) this.#lanes.delete(lane);
    else this.#lanes.set(lane, rest);
  }

  #startNext(): void {
    const oldest = this.#options.monotonic() - this.#options.maxWaitMs;
    for (let task = this.#takeFirst(); task !== undefined; task = this.#takeFirst()) {
      if (task.since >= oldest) {
        this.#running += 1;
        task.start();
        return;
      }
      task.reject(new QueueFullError('the task has waited too long'));
    }
  }

  /** Removes the oldest task of the next lane and moves that lane to the end. */
  #takeFirst(): Waiting | undefined {
    const [next] = this.#lanes;
    const [lane, [task, ...rest]] = next ?? ['', []];
    if (task === undefined) return undefined;
    this.#waiting -= 1;
    this.#lanes.delete(lane);
    if (rest.length > 0) this.#lanes.set(lane, rest);
    return task;
  }
}

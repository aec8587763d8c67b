/**
 * Maximum number of requests that begin in one turn of the event loop. Fewer make the turns so short that
 * small requests pay for more system calls; more leave so much data of unfinished requests in memory that
 * garbage collections take longer than the requests.
 */
const MOST_PER_TURN = 16;

export type RequestQueueParts = {
  /** Monotonic clock, in milliseconds. */
  readonly monotonic: () => number;
  /** Calls the listener in the next turn of the event loop. */
  readonly nextTurn: (listener: () => void) => void;
};

type Waiting = { readonly since: number; readonly begin: () => void };

/**
 * Lets requests begin in the order of their arrival, at most 16 in one turn of the event loop. So a process
 * that receives hundreds of requests at once completes the first ones before it begins the last ones. As long
 * as the event loop has nothing else to do, its turns are so short that no request has to wait.
 */
export class RequestQueue {
  readonly #parts: RequestQueueParts;
  /** Requests that have begun since the last turn in which as many as permitted had begun. */
  #begun = 0;
  #isTurnAwaited = false;
  readonly #waiting: Waiting[] = [];

  constructor(parts: RequestQueueParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Time in milliseconds for which the oldest of the waiting requests has waited; 0 if none waits. */
  get waitMs(): number {
    const [oldest] = this.#waiting;
    return oldest === undefined ? 0 : this.#parts.monotonic() - oldest.since;
  }

  /** Returns undefined if a request may begin at once, or a promise that resolves when it may. */
  enter(): Promise<void> | undefined {
    if (this.#begun < MOST_PER_TURN) {
      this.#begin();
      return undefined;
    }
    return new Promise((begin) => this.#waiting.push({ since: this.#parts.monotonic(), begin }));
  }

  /**
   * Lets one more request begin in this turn, because one that has begun causes no further work: it shares
   * the execution of an equal request (deduplication).
   */
  makeRoom(): void {
    if (this.#begun === 0) return;
    this.#begun -= 1;
    this.#beginWaiting();
  }

  #begin(): void {
    this.#begun += 1;
    if (this.#begun < MOST_PER_TURN || this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#parts.nextTurn(() => {
      this.#isTurnAwaited = false;
      this.#begun = 0;
      this.#beginWaiting();
    });
  }

  #beginWaiting(): void {
    while (this.#begun < MOST_PER_TURN) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#begin();
      next.begin();
    }
  }
}

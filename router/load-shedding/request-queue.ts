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
 * Lets requests begin in the order of their arrival, at most 16 from one turn of the event loop to the next.
 * So a process that receives hundreds of requests at once completes the first ones before it begins the last
 * ones, if subgraphs respond fast. As long as the event loop has little to do, its turns are short, and so is
 * the wait.
 */
export class RequestQueue {
  readonly #parts: RequestQueueParts;
  /** Requests that have begun since the last turn in which as many as permitted had begun. */
  #begun = 0;
  #isTurnAwaited = false;
  #resumed = 0;
  readonly #waiting: Waiting[] = [];

  constructor(parts: RequestQueueParts) {
    this.#parts = parts;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Number of requests that have waited and have begun in this turn of the event loop. */
  get resumed(): number {
    return this.#resumed;
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
   * Lets one more request begin in this turn, because one that has begun causes little further work: it
   * shares the execution of an equal request (deduplication), or its client has closed the connection.
   */
  makeRoom(): void {
    if (this.#begun === 0) return;
    this.#begun -= 1;
    this.#beginWaiting();
  }

  #begin(): void {
    this.#begun += 1;
    if (this.#begun >= MOST_PER_TURN) this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    this.#parts.nextTurn(() => {
      this.#isTurnAwaited = false;
      this.#begun = 0;
      this.#resumed = 0;
      this.#beginWaiting();
    });
  }

  #beginWaiting(): void {
    while (this.#begun < MOST_PER_TURN) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#begin();
      this.#resumed += 1;
      this.#awaitTurn();
      next.begin();
    }
  }
}

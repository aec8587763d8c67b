import type { Pressure } from './pressure.ts';

export type LimitOptions = {
  /** Delay above which the limit begins to work. */
  readonly delayMs: number;
  /** Share of the heap above which the limit begins to work. */
  readonly heap: number;
  /** Where the limit stands while there is no pressure. */
  readonly max: number;
};

/** Never fewer, except for want of memory. */
const FEWEST = 2;
/** With fewer under way it is not they that make the event loop late. */
const FEWEST_TO_BEGIN = 16;
/** One late report may be a single piece of work that took long; it is over. */
const REPORTS_TO_BEGIN = 2;
/** The delay that is held once the limit works: refusals wait for as long. */
const HELD_DELAY_MS = 2.5;
/**
 * Clients that ask again as soon as they are answered keep the event loop late at any rate, and would be refused for ever
 * after one bad second. So the limit lets go after a while, and after longer ones each time that it has to begin again soon.
 */
const STAY_MS = 10_000;
const LONGEST_STAY_MS = 320_000;
const FASTEST_CUT = 0.5;
const FASTEST_GROWTH = 1.25;
const GROWTH_WHEN_IDLE = 2;
/** With less to do the event loop could serve more requests, however late it is. */
const BUSY = 0.97;
const IDLE = 0.8;
/** Share of the heap at which nothing is let in any more. */
const HEAP_FULL = 0.95;
const LONGEST_LAG_MS = 500;

/**
 * Counts the requests under way and says how many there may be: as many as keep the event loop busy without making it late.
 * A concurrency limit by gradient, but by the wait for the event loop instead of the time that requests take: a slow
 * subgraph is no reason to refuse anybody.
 */
export class ConcurrencyLimit {
  readonly #options: LimitOptions;
  #limit: number;
  #working = false;
  #inFlight = 0;
  #most = 0;
  #left = 0;
  #waitMs = 0;
  #lateReports = 0;
  #stayMs = STAY_MS;
  /** Since it began to work or let go. */
  #sinceMs = Infinity;

  constructor(options: LimitOptions) {
    this.#options = options;
    this.#limit = options.max;
  }

  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Whether the limit is below the most that is ever allowed. */
  get isWorking(): boolean {
    return this.#working;
  }

  enter(): void {
    this.#inFlight += 1;
    if (this.#inFlight > this.#most) this.#most = this.#inFlight;
  }

  leave(): void {
    this.#inFlight -= 1;
    this.#left += 1;
  }

  /** Lets in no more than there are when the heap has filled up since the last report. */
  bound(heap: number): void {
    if (heap <= this.#options.heap) return;
    if (!this.#working) this.#begin();
    if (heap >= HEAP_FULL) this.#limit = 0;
    else this.#set(Math.min(this.#limit, this.#inFlight));
    this.#working = this.#limit < this.#options.max;
  }

  adjust({ delayMs, busy, heap, ms }: Pressure): void {
    const { max, heap: mostHeap, delayMs: mostDelayMs } = this.#options;
    const under = Math.min(this.#limit, this.#most);
    // Little's law: how long a request is under way.
    const residenceMs = (this.#most * ms) / Math.max(1, this.#left);
    this.#most = this.#inFlight;
    this.#left = 0;
    this.#sinceMs += ms;
    if (this.#working && this.#sinceMs > this.#stayMs && heap <= mostHeap) {
      this.#letGo();
      return;
    }
    const isLate = delayMs > mostDelayMs && busy >= BUSY && under >= FEWEST_TO_BEGIN;
    this.#lateReports = isLate ? this.#lateReports + 1 : 0;
    if (!this.#working) {
      if (this.#lateReports < REPORTS_TO_BEGIN && heap <= mostHeap) return;
      this.#begin();
    }
    this.#waitMs -= ms;
    // Full without any request, it is full of garbage, and V8 may leave that where it is until there is work again.
    if (heap >= HEAP_FULL) this.#limit = this.#inFlight === 0 ? Math.min(FEWEST, max) : 0;
    else if (heap > mostHeap) this.#set(under * FASTEST_CUT);
    else if (busy < BUSY) this.#set(this.#limit * (busy < IDLE ? GROWTH_WHEN_IDLE : FASTEST_GROWTH));
    else if (this.#waitMs <= 0) {
      // A request waits for two turns of the event loop or more, and a turn is twice as long as what comes in it waits on average.
      const gradient = 1 - (2 * (delayMs - HELD_DELAY_MS)) / residenceMs;
      this.#set((gradient < 1 ? under : this.#limit) * clamp(gradient, FASTEST_CUT, FASTEST_GROWTH));
      // What has changed shows when those that were under way are gone.
      this.#waitMs = Math.min(residenceMs, LONGEST_LAG_MS);
    }
    const worked = this.#working;
    this.#working = this.#limit < max;
    if (worked && !this.#working) this.#sinceMs = 0;
  }

  #begin(): void {
    this.#stayMs = this.#sinceMs > this.#stayMs ? STAY_MS : Math.min(2 * this.#stayMs, LONGEST_STAY_MS);
    this.#sinceMs = 0;
    this.#waitMs = 0;
  }

  #letGo(): void {
    this.#limit = this.#options.max;
    this.#working = false;
    this.#sinceMs = 0;
    this.#lateReports = 0;
  }

  #set(limit: number): void {
    const { max } = this.#options;
    this.#limit = clamp(limit, Math.min(FEWEST, max), max);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

import type { Pressure } from './pressure.ts';

export type LimitOptions = {
  /** Event loop delay in milliseconds above which the router begins to limit requests. */
  readonly delayMs: number;
  /** Share of the heap, from 0 to 1, above which the router begins to limit requests. */
  readonly heap: number;
  /** Maximum number of requests in flight while the process is not overloaded. */
  readonly max: number;
};

/** Lowest value to which the limit of requests in flight is reduced, except when the heap is full. */
const FEWEST = 2;
/**
 * Minimum number of requests in flight at which a high event loop delay may begin to reduce the limit. With
 * fewer requests, the delay has another cause.
 */
const FEWEST_TO_BEGIN = 16;
/**
 * Number of consecutive measurements with a high event loop delay after which the limit of requests in flight
 * is reduced. A single one may be due to one long task that has ended.
 */
const REPORTS_TO_BEGIN = 2;
/**
 * Event loop delay in milliseconds that the reduced limit of requests in flight aims at. It is low, because
 * rejected requests wait that long for their responses, too.
 */
const HELD_DELAY_MS = 2.5;
/** Event loop delay in milliseconds from which requests in flight mostly wait for the event loop. */
const VERY_LATE_MS = 25;
/**
 * Milliseconds after which a reduced limit of requests in flight begins to be lifted, in several steps.
 * Without this time, the limit might stay reduced forever: rejected clients that retry at once keep the event
 * loop delayed. The time doubles if the limit has to be reduced again soon.
 */
const STAY_MS = 10_000;
const LONGEST_STAY_MS = 320_000;
/** A reduced limit of requests in flight is lifted in steps: each step multiplies it by this factor. */
const LIFT_GROWTH = 1.5;
/**
 * Smallest factor of one reduction. It is low, so that a backlog of hundreds of requests is worked off before
 * new ones are admitted: rejected requests wait for the backlog, too.
 */
const FASTEST_CUT = 0.05;
const CUT_BY_HEAP = 0.5;
const FASTEST_GROWTH = 1.25;
const GROWTH_WHEN_IDLE = 2;
/**
 * Utilization of the event loop, from 0 to 1, below which a reduced limit rises even if the measured delay is
 * high, because the process has time for more requests.
 */
const BUSY = 0.97;
const IDLE = 0.8;
/** Share of the heap, from 0 to 1, above which no request is admitted. */
const HEAP_FULL = 0.95;
const LONGEST_LAG_MS = 500;

/**
 * Limits the number of requests in flight, so that the event loop is busy but not delayed. Other adaptive
 * limits use the duration of requests, which also grows if subgraphs are slow; that is no reason to reject
 * requests.
 */
export class ConcurrencyLimit {
  readonly #options: LimitOptions;
  #limit: number;
  #lifting = false;
  #inFlight = 0;
  #most = 0;
  #left = 0;
  /** Mean time in milliseconds that a request was in flight when the event loop was last on time. */
  #undelayedMs = 0;
  #waitMs = 0;
  #lateReports = 0;
  #stayMs = STAY_MS;
  /**
   * Milliseconds since the last of these events: a reduction began, the lifting in steps began, or the limit
   * reached its maximum without being lifted.
   */
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

  /** True while the limit of requests in flight is lower than its configured maximum. */
  get isWorking(): boolean {
    return this.#limit < this.#options.max;
  }

  enter(): void {
    this.#inFlight += 1;
    if (this.#inFlight > this.#most) this.#most = this.#inFlight;
  }

  leave(): void {
    this.#inFlight -= 1;
    this.#left += 1;
  }

  /**
   * Checks the heap between two measurements of the load. If heap usage is above the threshold, reduces the
   * limit to the number of requests in flight, so that no further request is admitted. If the heap is full,
   * the limit becomes 0.
   */
  bound(heap: number): void {
    if (heap <= this.#options.heap) return;
    if (!this.isWorking) this.#begin();
    if (heap >= HEAP_FULL) this.#limit = 0;
    else this.#set(Math.min(this.#limit, this.#inFlight));
  }

  adjust({ delayMs, busy, heap, ms }: Pressure): void {
    const { max, heap: mostHeap, delayMs: mostDelayMs } = this.#options;
    const under = Math.min(this.#limit, this.#most);
    // Mean time that a request is in flight, by Little's law: requests in flight divided by requests
    // completed per time.
    const residenceMs = (this.#most * ms) / Math.max(1, this.#left);
    if (delayMs <= HELD_DELAY_MS && this.#left > 0) this.#undelayedMs = residenceMs;
    this.#most = this.#inFlight;
    this.#left = 0;
    this.#sinceMs += ms;
    const worked = this.isWorking;
    if (worked && !this.#lifting && this.#sinceMs > this.#stayMs && heap <= mostHeap) this.#letGo();
    const isLate = delayMs > mostDelayMs && busy >= BUSY && under >= FEWEST_TO_BEGIN;
    this.#lateReports = isLate ? this.#lateReports + 1 : 0;
    if (!worked || this.#lifting) {
      if (this.#lateReports < REPORTS_TO_BEGIN && heap <= mostHeap) {
        if (this.#lifting) this.#lift();
        return;
      }
      this.#begin();
    }
    this.#waitMs -= ms;
    // If the heap is full although no request is in flight, it contains garbage, which V8 may not collect
    // before there is work again. Therefore a few requests are admitted.
    if (heap >= HEAP_FULL) this.#limit = this.#inFlight === 0 ? Math.min(FEWEST, max) : 0;
    else if (heap > mostHeap) this.#set(under * CUT_BY_HEAP);
    else if (busy < BUSY) this.#set(this.#limit * (busy < IDLE ? GROWTH_WHEN_IDLE : FASTEST_GROWTH));
    else if (this.#waitMs <= 0) {
      const gradient = 1 - this.#excessMs(delayMs, residenceMs) / residenceMs;
      this.#set((gradient < 1 ? under : this.#limit) * clamp(gradient, FASTEST_CUT, FASTEST_GROWTH));
      // The limit does not change again until the requests now in flight have ended: only then does the
      // measured delay show the effect of this change.
      this.#waitMs = Math.min(residenceMs, LONGEST_LAG_MS);
    }
    if (worked && !this.isWorking) this.#sinceMs = 0;
  }

  /**
   * Returns the part of a request's time in flight, in milliseconds, that is due to too many requests. A
   * request waits for the event loop at least twice: until it is read, and until subgraph responses are read.
   * Example: with 10 ms of excess delay per wait, 20 ms of a request's 100 ms are excess.
   *
   * While the event loop is very late, requests wait more often than twice, and garbage collections copy what
   * the waiting requests hold. Then all time beyond that of requests without delay is excess.
   */
  #excessMs(delayMs: number, residenceMs: number): number {
    const excess = 2 * (delayMs - HELD_DELAY_MS);
    return delayMs < VERY_LATE_MS ? excess : Math.max(excess, residenceMs - this.#undelayedMs);
  }

  #begin(): void {
    this.#stayMs = this.#sinceMs > this.#stayMs ? STAY_MS : Math.min(2 * this.#stayMs, LONGEST_STAY_MS);
    this.#sinceMs = 0;
    this.#waitMs = 0;
    this.#lifting = false;
  }

  #letGo(): void {
    this.#lifting = true;
    this.#sinceMs = 0;
    this.#lateReports = 0;
  }

  #lift(): void {
    this.#set(this.#limit * LIFT_GROWTH);
    this.#lifting = this.isWorking;
  }

  #set(limit: number): void {
    const { max } = this.#options;
    this.#limit = clamp(limit, Math.min(FEWEST, max), max);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

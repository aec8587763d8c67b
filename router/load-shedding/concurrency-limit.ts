import type { Pressure } from './pressure.ts';

export type LimitOptions = {
  /** Event loop delay in milliseconds above which the limit starts to work. */
  readonly delayMs: number;
  /** Share of the heap above which the limit starts to work, from 0 to 1. */
  readonly heap: number;
  /** Limit while there is no pressure. */
  readonly max: number;
};

/** Minimum of the limit, unless memory is short. */
const FEWEST = 2;
/** With fewer requests in flight, they are not the cause of the event loop delay. */
const FEWEST_TO_BEGIN = 16;
/** A single report of a high delay may be one long task that has already ended. */
const REPORTS_TO_BEGIN = 2;
/** Target delay while the limit works. Rejections are delayed as much. */
const HELD_DELAY_MS = 2.5;
/**
 * Clients that retry at once keep the event loop delayed even when they are rejected, and the limit would
 * never end. It is therefore lifted after this time, and after longer times if it has to start again soon.
 */
const STAY_MS = 10_000;
const LONGEST_STAY_MS = 320_000;
const FASTEST_CUT = 0.5;
const FASTEST_GROWTH = 1.25;
const GROWTH_WHEN_IDLE = 2;
/** Below this utilization the event loop could serve more requests, whatever its delay. */
const BUSY = 0.97;
const IDLE = 0.8;
/** Share of the heap above which no request is admitted. */
const HEAP_FULL = 0.95;
const LONGEST_LAG_MS = 500;

/**
 * Counts the requests in flight and limits them to a number that keeps the event loop busy without delaying
 * it. It is a gradient concurrency limit, but based on event loop delay instead of request duration, because
 * slow subgraphs are no reason to reject requests.
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
  /** Milliseconds since the limit last began or stopped to restrict requests. */
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

  /** Whether the limit is below its maximum. */
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

  /** Limits the requests to those in flight if the heap has filled up since the last report. */
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
    // Little's law gives the mean time that a request is in flight.
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
    // A full heap without any request in flight contains garbage, which V8 may only collect when there is
    // work again.
    if (heap >= HEAP_FULL) this.#limit = this.#inFlight === 0 ? Math.min(FEWEST, max) : 0;
    else if (heap > mostHeap) this.#set(under * FASTEST_CUT);
    else if (busy < BUSY) this.#set(this.#limit * (busy < IDLE ? GROWTH_WHEN_IDLE : FASTEST_GROWTH));
    else if (this.#waitMs <= 0) {
      // A request waits for at least two turns of the event loop, and a turn is twice as long as the mean
      // wait of the events in it.
      const gradient = 1 - (2 * (delayMs - HELD_DELAY_MS)) / residenceMs;
      this.#set((gradient < 1 ? under : this.#limit) * clamp(gradient, FASTEST_CUT, FASTEST_GROWTH));
      // The effect of a change is visible only after the requests in flight have ended.
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

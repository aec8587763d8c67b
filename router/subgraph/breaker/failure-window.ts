import { EventEmitter } from 'node:events';
import Opossum from 'opossum';

export type FailureWindowOptions = {
  readonly errorPercent: number;
  readonly minCalls: number;
  readonly windowMs: number;
  readonly monotonic: () => number;
};

const BUCKETS = 10;
/**
 * Longest possible delay of a timer in milliseconds. With this `resetTimeout`, opossum practically never ends
 * its open state itself: only the class `CircuitBreaker` decides when calls may pass again.
 */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Counts the calls of the last `windowMs` milliseconds, and decides whether too many of them failed. It uses
 * the library opossum, which receives only the outcomes of calls and does not run them.
 */
export class FailureWindow implements Disposable {
  readonly #monotonic: () => number;
  readonly #bucketMs: number;
  readonly #rotation = new EventEmitter();
  readonly #opossum: Opossum<[], void>;
  #bucketStart: number;

  constructor({ errorPercent, minCalls, windowMs, monotonic }: FailureWindowOptions) {
    this.#monotonic = monotonic;
    this.#bucketMs = windowMs / BUCKETS;
    this.#bucketStart = monotonic();
    this.#opossum = new Opossum(fail, {
      timeout: false,
      resetTimeout: NEVER_MS,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.#rotation,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      volumeThreshold: minCalls,
      // The circuit must open if the percentage of failures is `errorPercent` or higher. Opossum opens it
      // only if the percentage exceeds this threshold, so the threshold is slightly lower.
      errorThresholdPercentage: errorPercent - 1e-9,
    });
    this.#opossum.fallback(ignore);
  }

  succeeded(): void {
    this.#rotate();
    this.#opossum.emit('fire', NO_ARGUMENTS);
    this.#opossum.emit('success', undefined, 0);
  }

  /** Records a failure. Returns whether too many calls in the window have failed. */
  failed(): boolean {
    // Opossum must not be called after its shutdown: its method `fire` would return a promise that rejects,
    // and an unhandled rejection ends the process.
    if (this.#opossum.isShutdown) return false;
    this.#rotate();
    void this.#opossum.fire();
    return this.#opossum.opened;
  }

  open(): void {
    this.#opossum.open();
  }

  /**
   * Closes the circuit and removes all calls from the window. Failures from before the recovery would
   * otherwise open the circuit again at once.
   */
  close(): void {
    this.#opossum.close();
    this.#bucketStart = this.#monotonic();
    this.#turn(BUCKETS);
  }

  [Symbol.dispose](): void {
    this.#opossum.shutdown();
  }

  #rotate(): void {
    const passedMs = this.#monotonic() - this.#bucketStart;
    if (passedMs < this.#bucketMs) return;
    const passed = Math.floor(passedMs / this.#bucketMs);
    this.#bucketStart += passed * this.#bucketMs;
    this.#turn(Math.min(passed, BUCKETS));
  }

  #turn(buckets: number): void {
    for (let turn = 0; turn < buckets; turn += 1) this.#rotation.emit('rotate');
  }
}

const NO_ARGUMENTS: readonly [] = [];
const FAILURE = new Error('call failed');

/**
 * Function that opossum runs to count a failed call. It throws synchronously instead of returning a rejected
 * promise, so that the circuit is already open when opossum's `fire` returns.
 */
function fail(): Promise<void> {
  throw FAILURE;
}

function ignore(): void {}

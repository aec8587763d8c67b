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
 * Longest possible delay of a timer in milliseconds. It is opossum's reset time, so that opossum never leaves
 * the open state by itself: `CircuitBreaker` decides when to let calls pass again.
 */
const NEVER_MS = 2 ** 31 - 1;

/**
 * Counts the calls of the last `windowMs` milliseconds with the library opossum, and decides whether too many
 * of them failed. Opossum does not run the calls, it only receives their outcomes.
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
      // Opossum opens the circuit only if the percentage of failures exceeds its threshold. The breaker must
      // open at exactly `errorPercent`, so the threshold is slightly lower.
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
    // Opossum must not be called after its shutdown: its promise would reject, and an unhandled rejection
    // ends the process.
    if (this.#opossum.isShutdown) return false;
    this.#rotate();
    void this.#opossum.fire();
    return this.#opossum.opened;
  }

  open(): void {
    this.#opossum.open();
  }

  /**
   * Removes all calls from the window, because failures from before a recovery would otherwise open the
   * circuit again at once.
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
 * Opossum runs this function for each failed call. It throws synchronously instead of returning a rejected
 * promise, so that the circuit is already open when opossum's `fire` returns.
 */
function fail(): Promise<void> {
  throw FAILURE;
}

function ignore(): void {}

import { EventEmitter } from 'node:events';
import Opossum from 'opossum';

export type FailureWindowOptions = {
  readonly errorPercent: number;
  readonly minCalls: number;
  readonly windowMs: number;
  readonly monotonic: () => number;
};

const BUCKETS = 10;
/** The longest that a timer can wait; opossum's own reset timer is never to ring. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * The calls of the last while, and the decision whether too many of them failed: opossum's rolling window and switch.
 * Opossum decides when a call fails, so it is fired then; successes are added up, and put into its window before it decides
 * and before the window moves on.
 */
export class FailureWindow implements Disposable {
  readonly #monotonic: () => number;
  readonly #bucketMs: number;
  readonly #rotation = new EventEmitter();
  readonly #opossum: Opossum<[], void>;
  #bucketStart: number;
  /** Successes that opossum has not been told. */
  #untold = 0;

  constructor({ errorPercent, minCalls, windowMs, monotonic }: FailureWindowOptions) {
    this.#monotonic = monotonic;
    this.#bucketMs = windowMs / BUCKETS;
    this.#bucketStart = monotonic();
    this.#opossum = new Opossum(raise, {
      timeout: false,
      resetTimeout: NEVER_MS,
      rollingCountTimeout: windowMs,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.#rotation,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      volumeThreshold: minCalls,
      // Opossum opens above its threshold, `errorPercent` is the share that opens.
      errorThresholdPercentage: errorPercent - 1e-9,
    });
    this.#opossum.fallback(ignore);
  }

  succeeded(): void {
    this.#rotate();
    this.#untold += 1;
  }

  /** Returns whether too many have failed by now. */
  failed(): boolean {
    // After its shutdown opossum rejects, and a rejection that nobody handles ends the process.
    if (this.#opossum.isShutdown) return false;
    this.#rotate();
    this.#tell();
    void this.#opossum.fire();
    return this.#opossum.opened;
  }

  open(): void {
    this.#opossum.open();
  }

  /** Forgets every call: failures from before a recovery would open it again at once. */
  close(): void {
    this.#opossum.close();
    this.#untold = 0;
    this.#bucketStart = this.#monotonic();
    this.#turn(BUCKETS);
  }

  [Symbol.dispose](): void {
    this.#opossum.shutdown();
  }

  #rotate(): void {
    const passedMs = this.#monotonic() - this.#bucketStart;
    if (passedMs < this.#bucketMs) return;
    this.#tell();
    const passed = Math.floor(passedMs / this.#bucketMs);
    this.#bucketStart += passed * this.#bucketMs;
    this.#turn(Math.min(passed, BUCKETS));
  }

  #turn(buckets: number): void {
    for (let turn = 0; turn < buckets; turn += 1) this.#rotation.emit('rotate');
  }

  #tell(): void {
    if (this.#untold === 0) return;
    const [current] = this.#opossum.status.window;
    if (current === undefined) return;
    current.fires += this.#untold;
    current.successes += this.#untold;
    this.#untold = 0;
  }
}

const FAILURE = new Error('call failed');

/** Throws at once, not in a promise: the circuit has then opened when `fire` returns. */
function raise(): Promise<void> {
  throw FAILURE;
}

function ignore(): void {}

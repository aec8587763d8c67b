import { EventEmitter } from 'node:events';
import Opossum from 'opossum';
import type { BreakerState } from '../telemetry.ts';
import type { Verdict } from './call.ts';

export type CircuitBreakerOptions = {
  readonly errorPercent: number;
  readonly minCalls: number;
  readonly consecutiveFailures: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly monotonic: () => number;
  readonly random: () => number;
  readonly changed: (from: BreakerState, to: BreakerState) => void;
};

/** Allows one call, and ties its verdict to the state that allowed it. */
export type Permit = { readonly epoch: number };

type State =
  | { readonly kind: 'closed'; readonly since: number; failuresInARow: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; underWay: number; successes: number };

const BUCKETS = 10;
const JITTER = 0.2;
/** Fresh successes that close a half-open breaker. */
const PROBES = 5;
/** The longest that a timer can wait; opossum's own reset timer is never to ring. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * A circuit breaker whose rolling window and open/closed switch are opossum's, and whose recovery is its own.
 * Opossum is told verdicts instead of being given calls to run: docs/decisions/006-circuit-breaker.md has the reasons.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions;
  readonly #rotation = new EventEmitter();
  readonly #opossum: Opossum<[Verdict], void>;
  #bucketStart: number;
  #state: State;
  /** Rises with each state, so that a verdict on a call of an earlier one is recognised. */
  #epoch = 0;
  /** Exponent of the next stay open. */
  #trips = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#bucketStart = options.monotonic();
    this.#state = { kind: 'closed', since: Number.NEGATIVE_INFINITY, failuresInARow: 0 };
    this.#opossum = new Opossum(raiseFailure, {
      timeout: false,
      resetTimeout: NEVER_MS,
      rollingCountTimeout: options.windowMs,
      rollingCountBuckets: BUCKETS,
      rotateBucketController: this.#rotation,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      volumeThreshold: options.minCalls,
      // Opossum opens above its threshold, `errorPercent` is the share that opens.
      errorThresholdPercentage: options.errorPercent - 1e-9,
    });
    this.#opossum.fallback(ignore);
  }

  get state(): BreakerState {
    this.#coolDown();
    return this.#state.kind;
  }

  /** Milliseconds until a call may pass; undefined unless open. */
  get retryAfterMs(): number | undefined {
    this.#coolDown();
    return this.#state.kind === 'open' ? Math.ceil(this.#state.until - this.#options.monotonic()) : undefined;
  }

  /** Undefined is a refusal. Each permit must be settled once. */
  admit(): Permit | undefined {
    this.#coolDown();
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return { epoch: this.#epoch };
      case 'open':
        return undefined;
      case 'half-open':
        // As in TCP's slow start each success doubles what may be under way: a herd would fell the subgraph again.
        if (state.underWay >= 2 ** state.successes) return undefined;
        state.underWay += 1;
        return { epoch: this.#epoch };
    }
  }

  settle(permit: Permit, verdict: Verdict): void {
    // A call from before the last change says nothing about now; opossum would let its success close the circuit.
    if (permit.epoch !== this.#epoch) return;
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        this.#count(state, verdict);
        break;
      case 'half-open':
        this.#probed(state, verdict);
        break;
      case 'open':
        break;
    }
  }

  [Symbol.dispose](): void {
    this.#opossum.shutdown();
  }

  #count(state: Extract<State, { kind: 'closed' }>, verdict: Verdict): void {
    // After its shutdown opossum rejects, and a rejection that nobody handles ends the process.
    if (verdict === 'neutral' || this.#opossum.isShutdown) return;
    this.#rotate();
    state.failuresInARow = verdict === 'healthy' ? 0 : state.failuresInARow + 1;
    void this.#opossum.fire(verdict);
    if (this.#opossum.closed && state.failuresInARow < this.#options.consecutiveFailures) return;
    // Illness soon after a recovery goes on from the stay it had reached, else a flapping subgraph flaps its callers.
    const relapsed = this.#options.monotonic() - state.since < this.#options.maxOpenMs;
    this.#open(relapsed ? this.#trips + 1 : 1);
  }

  #probed(state: Extract<State, { kind: 'half-open' }>, verdict: Verdict): void {
    state.underWay -= 1;
    switch (verdict) {
      case 'neutral':
        break;
      case 'healthy':
        state.successes += 1;
        if (state.successes >= PROBES) this.#close();
        break;
      case 'ill':
      case 'late':
        this.#open(this.#trips + 1);
        break;
      case 'unreachable':
        // Asking a closed port costs neither side anything, and a restarted subgraph is wanted back soon.
        this.#open(this.#trips);
        break;
    }
  }

  #open(trips: number): void {
    const { openMs, maxOpenMs, monotonic, random } = this.#options;
    this.#trips = trips;
    const longest = Math.min(openMs * 2 ** (trips - 1), maxOpenMs);
    const stayMs = longest * (1 - JITTER * random());
    this.#opossum.open();
    this.#enter({ kind: 'open', until: monotonic() + stayMs });
  }

  #close(): void {
    this.#opossum.close();
    // Failures from before the recovery would open it again at once.
    this.#forget();
    this.#enter({ kind: 'closed', since: this.#options.monotonic(), failuresInARow: 0 });
  }

  #coolDown(): void {
    if (this.#state.kind !== 'open' || this.#options.monotonic() < this.#state.until) return;
    this.#enter({ kind: 'half-open', underWay: 0, successes: 0 });
  }

  #enter(state: State): void {
    const from = this.#state.kind;
    this.#state = state;
    this.#epoch += 1;
    this.#options.changed(from, state.kind);
  }

  #rotate(): void {
    const bucketMs = this.#options.windowMs / BUCKETS;
    const passed = Math.floor((this.#options.monotonic() - this.#bucketStart) / bucketMs);
    this.#bucketStart += passed * bucketMs;
    for (let turn = 0; turn < Math.min(passed, BUCKETS); turn += 1) this.#rotation.emit('rotate');
  }

  #forget(): void {
    this.#bucketStart = this.#options.monotonic();
    for (let turn = 0; turn < BUCKETS; turn += 1) this.#rotation.emit('rotate');
  }
}

const FAILURE = new Error('call failed');

/** Throws at once, not in a promise: the circuit has then opened when `fire` returns. */
function raiseFailure(verdict: Verdict): Promise<void> {
  if (verdict !== 'healthy') throw FAILURE;
  return Promise.resolve();
}

function ignore(): void {}

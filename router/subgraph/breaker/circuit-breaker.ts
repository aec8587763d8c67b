import type { BreakerState } from '../../telemetry/breaker-state.ts';
import type { CallOutcome } from '../call/call.ts';
import { FailureWindow } from './failure-window.ts';
import type { FailureWindowOptions } from './failure-window.ts';

/** A change of a breaker's state. */
export type BreakerChange = {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** True if a command through the admin API caused the change; false if outcomes of calls did. */
  readonly forced: boolean;
};

export type CircuitBreakerOptions = FailureWindowOptions & {
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly random: () => number;
  readonly onChange: (change: BreakerChange) => void;
};

/** The state that the admin API forces a breaker into; `auto` returns control to the breaker. */
export type ForcedState = 'open' | 'closed' | 'auto';

/**
 * Permission for one call. It contains the number of state changes before the call (epoch), so that an
 * outcome does not count if the state has changed since.
 */
export type Permit = { readonly epoch: number };

type State =
  | { readonly kind: 'closed'; readonly since: number; consecutiveFailures: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; inFlight: number; successes: number }
  | { readonly kind: 'forced'; readonly as: 'open' | 'closed' };

const JITTER = 0.2;
/** Number of successful calls that close a half-open breaker. */
const PROBES = 5;

/**
 * A circuit breaker. Opossum's rolling window decides when it opens. This class decides when it lets calls
 * pass again. It receives the outcomes of calls and does not run the calls itself.
 * docs/decisions/006-circuit-breaker.md gives the reasons.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions;
  readonly #window: FailureWindow;
  #state: State;
  /**
   * Permit of the current epoch. The epoch increases with each state change, so that the outcome of a call
   * from an earlier state is not counted.
   */
  #permit: Permit = { epoch: 0 };
  /**
   * Number of times the breaker has opened since it was last closed for long enough. Each time doubles the
   * time open.
   */
  #trips = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options);
    this.#state = { kind: 'closed', since: Number.NEGATIVE_INFINITY, consecutiveFailures: 0 };
  }

  get state(): BreakerState {
    this.#coolDown();
    return reportedState(this.#state);
  }

  get isForced(): boolean {
    return this.#state.kind === 'forced';
  }

  /**
   * Number of failures in a row. Among several fields that may have caused a failure, the one with the
   * highest number is the likeliest cause.
   */
  get consecutiveFailures(): number {
    switch (this.#state.kind) {
      case 'closed':
        return this.#state.consecutiveFailures;
      case 'open':
      case 'half-open':
        return Number.POSITIVE_INFINITY;
      case 'forced':
        return 0;
    }
  }

  /**
   * Milliseconds until the next call may pass. Defined only while the breaker is open because of failures,
   * not while it is forced open.
   */
  get retryAfterMs(): number | undefined {
    this.#coolDown();
    return this.#state.kind === 'open' ? Math.ceil(this.#state.until - this.#options.monotonic()) : undefined;
  }

  /** Returns a permit for a call, which must be settled once; undefined if the call is rejected. */
  admit(): Permit | undefined {
    this.#coolDown();
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return this.#permit;
      case 'open':
        return undefined;
      case 'half-open':
        // After each success, twice as many calls are permitted, as in TCP slow start. If all waiting clients
        // were let through at once, they would overload the subgraph again.
        if (state.inFlight >= 2 ** state.successes) return undefined;
        state.inFlight += 1;
        return this.#permit;
      case 'forced':
        return state.as === 'open' ? undefined : this.#permit;
    }
  }

  settle(permit: Permit, outcome: CallOutcome): void {
    // An outcome is not counted if the state has changed since the call began. It shows nothing about the
    // present, and opossum would close the circuit on a late success.
    if (permit.epoch !== this.#permit.epoch) return;
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        this.#count(state, outcome);
        break;
      case 'half-open':
        this.#probed(state, outcome);
        break;
      case 'open':
      case 'forced':
        break;
    }
  }

  force(to: ForcedState): void {
    const state = this.#state;
    switch (to) {
      case 'open':
      case 'closed':
        if (state.kind === 'forced' && state.as === to) return;
        this.#window.close();
        this.#enter({ kind: 'forced', as: to });
        break;
      case 'auto':
        if (state.kind !== 'forced') return;
        // After a forced-open state the breaker becomes half-open, not closed. The subgraph received no calls
        // meanwhile, so it may be failing or not warmed up.
        if (state.as === 'open') this.#halfOpen();
        else this.#close();
        break;
    }
  }

  [Symbol.dispose](): void {
    this.#permit = { epoch: this.#permit.epoch + 1 };
    this.#window[Symbol.dispose]();
  }

  #count(state: Extract<State, { kind: 'closed' }>, outcome: CallOutcome): void {
    if (outcome === 'ignored') return;
    if (outcome === 'success') {
      state.consecutiveFailures = 0;
      this.#window.succeeded();
      return;
    }
    state.consecutiveFailures += 1;
    if (!this.#window.failed() && state.consecutiveFailures < this.#options.consecutiveFailures) return;
    // If the subgraph fails again soon after recovery, the back-off continues instead of starting over.
    const relapsed = this.#options.monotonic() - state.since < this.#options.maxOpenMs;
    this.#open(relapsed ? this.#trips + 1 : 1);
  }

  #probed(state: Extract<State, { kind: 'half-open' }>, outcome: CallOutcome): void {
    state.inFlight -= 1;
    switch (outcome) {
      case 'ignored':
        break;
      case 'success':
        state.successes += 1;
        if (state.successes >= PROBES) this.#close();
        break;
      case 'failure':
      case 'timeout':
        this.#open(this.#trips + 1);
        break;
      case 'unreachable':
        // The time open is not doubled after a failed connection attempt, because such an attempt costs
        // little. A restarted subgraph thus gets calls again soon.
        this.#open(this.#trips);
        break;
    }
  }

  #open(trips: number): void {
    const { openMs, maxOpenMs, monotonic, random } = this.#options;
    // At least 1, because a command can make the breaker half-open although failures have never opened it.
    this.#trips = Math.max(trips, 1);
    const longest = Math.min(openMs * 2 ** (this.#trips - 1), maxOpenMs);
    const openForMs = longest * (1 - JITTER * random());
    this.#window.open();
    this.#enter({ kind: 'open', until: monotonic() + openForMs });
  }

  #close(): void {
    this.#window.close();
    this.#enter({ kind: 'closed', since: this.#options.monotonic(), consecutiveFailures: 0 });
  }

  #coolDown(): void {
    if (this.#state.kind === 'open' && this.#options.monotonic() >= this.#state.until) this.#halfOpen();
  }

  #halfOpen(): void {
    this.#enter({ kind: 'half-open', inFlight: 0, successes: 0 });
  }

  #enter(state: State): void {
    const before = this.#state;
    this.#state = state;
    this.#permit = { epoch: this.#permit.epoch + 1 };
    const forced = state.kind === 'forced' || before.kind === 'forced';
    this.#options.onChange({ from: reportedState(before), to: reportedState(state), forced });
  }
}

function reportedState(state: State): BreakerState {
  return state.kind === 'forced' ? state.as : state.kind;
}

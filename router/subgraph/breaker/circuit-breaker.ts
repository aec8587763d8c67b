import type { BreakerState } from '../../telemetry/breaker-state.ts';
import type { CallOutcome } from '../call/call.ts';
import { FailureWindow } from './failure-window.ts';
import type { FailureWindowOptions } from './failure-window.ts';

/** A change of a circuit breaker's state. */
export type BreakerChange = {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** True if a command through the admin API caused the change; false if the results of calls did. */
  readonly forced: boolean;
};

export type CircuitBreakerOptions = FailureWindowOptions & {
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly random: () => number;
  readonly onChange: (change: BreakerChange) => void;
};

/** The state into which the admin API forces a circuit breaker; `auto` ends the forced state. */
export type ForcedState = 'open' | 'closed' | 'auto';

/**
 * Permission to make one call. It contains the epoch, which counts the state changes of the breaker until
 * then. If the epoch has changed when the call ends, the breaker ignores the outcome.
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
 * A circuit breaker. The library opossum, which counts the calls of a time window, decides when it opens.
 * This class decides when it lets calls pass again. The class receives the outcomes of calls and does not run
 * the calls itself. docs/decisions/006-circuit-breaker.md gives the reasons.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions;
  readonly #window: FailureWindow;
  #state: State;
  /**
   * Permit of the current epoch, which is shared by all calls. The epoch increases with each state change, so
   * that the outcome of a call from an earlier state is ignored.
   */
  #permit: Permit = { epoch: 0 };
  /**
   * Number of times the breaker has opened without being closed for long in between. Each time doubles the
   * duration for which it stays open.
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
   * Number of consecutive failed calls. If several fields may have caused a failure, the one with the highest
   * number is the likeliest cause.
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
   * Milliseconds until the breaker lets the next call pass. Undefined unless it is open because of failures;
   * a breaker that is forced open has no such time.
   */
  get retryAfterMs(): number | undefined {
    this.#coolDown();
    return this.#state.kind === 'open' ? Math.ceil(this.#state.until - this.#options.monotonic()) : undefined;
  }

  /**
   * Returns a permit for a call, whose outcome the caller must pass to `settle`. Returns undefined if the
   * breaker rejects the call.
   */
  admit(): Permit | undefined {
    this.#coolDown();
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        return this.#permit;
      case 'open':
        return undefined;
      case 'half-open':
        // A half-open breaker permits one call at a time, and twice as many after each success, as in TCP
        // slow start. If all waiting clients were let through at once, they would overload the subgraph
        // again.
        if (state.inFlight >= 2 ** state.successes) return undefined;
        state.inFlight += 1;
        return this.#permit;
      case 'forced':
        return state.as === 'open' ? undefined : this.#permit;
    }
  }

  settle(permit: Permit, outcome: CallOutcome): void {
    // The outcome of a call is ignored if the state of the breaker has changed since the call began. Such an
    // outcome shows nothing about the present, and opossum would close the circuit on a late success.
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
        // When a forced-open state ends, the breaker becomes half-open, not closed. The subgraph received no
        // calls meanwhile, so it may be failing or not warmed up.
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
    // If the subgraph fails again soon after its recovery, the time open doubles again instead of starting
    // over.
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
        // After a failed connection attempt the breaker stays open as long as before, not twice as long. Such
        // an attempt costs little, and a subgraph that has restarted thus receives calls again soon.
        this.#open(this.#trips);
        break;
    }
  }

  #open(trips: number): void {
    const { openMs, maxOpenMs, monotonic, random } = this.#options;
    // The number may be 0, because a command can make a breaker half-open that has never opened after
    // failures.
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

import type { BreakerState } from '../../telemetry/breaker-state.ts';
import type { Permit } from '../call/call.ts';
import type { CallOutcome } from '../call/call-result.ts';
import { FailureWindow } from './failure-window.ts';
import type { FailureWindowOptions } from './failure-window.ts';

/** A change of a circuit breaker's state. */
export type BreakerChange = {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** True if a command through the admin API caused the change; false if the results of calls caused it. */
  readonly forced: boolean;
};

export type CircuitBreakerOptions = FailureWindowOptions & {
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly random: () => number;
  readonly onChange: (change: BreakerChange) => void;
};

/** State into which the admin API forces a circuit breaker; `auto` lets the results of calls decide again. */
export type ForcedState = 'open' | 'closed' | 'auto';

type State =
  | { readonly kind: 'closed'; readonly since: number; consecutiveFailures: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; inFlight: number; successes: number }
  | { readonly kind: 'forced'; readonly as: 'open' | 'closed' };

const JITTER = 0.2;
/** Number of successful calls that close a half-open breaker. */
const PROBES = 5;

/**
 * A circuit breaker, which receives the outcomes of calls but does not run the calls. The library opossum
 * counts the failures and decides when the breaker opens. This class decides when an open breaker lets calls
 * pass again. docs/decisions/006-circuit-breaker.md gives the reasons for this division.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions;
  readonly #window: FailureWindow;
  #state: State;
  /**
   * The permit that calls receive until the next state change. Each state change creates a permit with a
   * higher `epoch`, so that the outcomes of calls from before the change are recognized and ignored.
   */
  #permit: Permit = { epoch: 0 };
  /**
   * Number of times that the breaker has opened since it was last closed for long. Each time doubles how long
   * the breaker stays open, up to `maxOpenMs`. Not counted are openings of a half-open breaker because the
   * subgraph was unreachable.
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
   * Number of consecutive failed calls; infinite while the breaker is open or half-open, 0 while it is
   * forced. If several fields may have caused a failure, the field with the highest number is the likeliest
   * cause.
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
   * Milliseconds until the breaker lets the next call pass; undefined unless failures have opened the
   * breaker. A breaker that was forced open stays open until an operator sends another command.
   */
  get retryAfterMs(): number | undefined {
    this.#coolDown();
    return this.#state.kind === 'open' ? Math.ceil(this.#state.until - this.#options.monotonic()) : undefined;
  }

  /**
   * Returns a permit for a call; undefined if the breaker rejects the call. When the call ends, its outcome
   * must be passed to `settle` together with the permit.
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
        // A half-open breaker first permits one concurrent call. Each success doubles this number, as in TCP
        // slow start. If all waiting clients were let through at once, they could overload the subgraph
        // again.
        if (state.inFlight >= 2 ** state.successes) return undefined;
        state.inFlight += 1;
        return this.#permit;
      case 'forced':
        return state.as === 'open' ? undefined : this.#permit;
    }
  }

  settle(permit: Permit, outcome: CallOutcome): void {
    // If the state of the breaker has changed since the call began, its outcome is ignored. An outcome from
    // the past shows nothing about the present, and opossum would close the circuit on a late success.
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
        // A breaker that was forced open becomes half-open, not closed: the subgraph has received no calls
        // for some time and may be failing or not warmed up.
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
    // If the subgraph fails again soon after its recovery, the breaker stays open twice as long as the last
    // time. After a longer recovery it starts with the shortest time again.
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
        // an attempt costs little, and this way a restarted subgraph soon receives calls again.
        this.#open(this.#trips);
        break;
    }
  }

  #open(trips: number): void {
    const { openMs, maxOpenMs, monotonic, random } = this.#options;
    // `trips` is 0 if until now only commands have opened the breaker. It then stays open for the shortest
    // time, as it does when failures open it for the first time.
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

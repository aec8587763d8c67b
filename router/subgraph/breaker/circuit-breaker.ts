import type { BreakerState } from '../../telemetry/breaker-state.ts';
import type { Verdict } from '../call/call.ts';
import { FailureWindow } from './failure-window.ts';
import type { FailureWindowOptions } from './failure-window.ts';

export type BreakerChange = {
  readonly from: BreakerState;
  readonly to: BreakerState;
  /** By hand, and not by what became of calls. */
  readonly forced: boolean;
};

export type CircuitBreakerOptions = FailureWindowOptions & {
  readonly consecutiveFailures: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
  readonly random: () => number;
  readonly changed: (change: BreakerChange) => void;
};

/** What a breaker is held to by hand; `auto` lets it decide by itself. */
export type ForcedState = 'open' | 'closed' | 'auto';

/** Allows one call, and ties its verdict to the state that allowed it. */
export type Permit = { readonly epoch: number };

type State =
  | { readonly kind: 'closed'; readonly since: number; failuresInARow: number }
  | { readonly kind: 'open'; readonly until: number }
  | { readonly kind: 'half-open'; underWay: number; successes: number }
  | { readonly kind: 'forced'; readonly as: 'open' | 'closed' };

const JITTER = 0.2;
/** Fresh successes that close a half-open breaker. */
const PROBES = 5;

/**
 * A circuit breaker that opossum's window opens, and whose recovery is its own.
 * It is told verdicts instead of being given calls to run: docs/decisions/006-circuit-breaker.md has the reasons.
 */
export class CircuitBreaker implements Disposable {
  readonly #options: CircuitBreakerOptions;
  readonly #window: FailureWindow;
  #state: State;
  /** Its number rises with each state, so that a verdict on a call of an earlier one is recognised. */
  #permit: Permit = { epoch: 0 };
  /** Exponent of the next stay open. */
  #trips = 0;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
    this.#window = new FailureWindow(options);
    this.#state = { kind: 'closed', since: Number.NEGATIVE_INFINITY, failuresInARow: 0 };
  }

  get state(): BreakerState {
    this.#coolDown();
    return shown(this.#state);
  }

  get isForced(): boolean {
    return this.#state.kind === 'forced';
  }

  /** How likely it is that another failure is of what this breaker stands for: rises with each failure in a row. */
  get suspicion(): number {
    switch (this.#state.kind) {
      case 'closed':
        return this.#state.failuresInARow;
      case 'open':
      case 'half-open':
        return Number.POSITIVE_INFINITY;
      case 'forced':
        return 0;
    }
  }

  /** Milliseconds until a call may pass; undefined unless open, and while it is held open by hand. */
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
        return this.#permit;
      case 'open':
        return undefined;
      case 'half-open':
        // As in TCP's slow start each success doubles what may be under way: a herd would fell the subgraph again.
        if (state.underWay >= 2 ** state.successes) return undefined;
        state.underWay += 1;
        return this.#permit;
      case 'forced':
        return state.as === 'open' ? undefined : this.#permit;
    }
  }

  settle(permit: Permit, verdict: Verdict): void {
    // A call from before the last change says nothing about now; opossum would let its success close the circuit.
    if (permit.epoch !== this.#permit.epoch) return;
    const state = this.#state;
    switch (state.kind) {
      case 'closed':
        this.#count(state, verdict);
        break;
      case 'half-open':
        this.#probed(state, verdict);
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
        // What was kept from calls may be cold, or ill still: probes first.
        if (state.as === 'open') this.#halfOpen();
        else this.#close();
        break;
    }
  }

  [Symbol.dispose](): void {
    this.#permit = { epoch: this.#permit.epoch + 1 };
    this.#window[Symbol.dispose]();
  }

  #count(state: Extract<State, { kind: 'closed' }>, verdict: Verdict): void {
    if (verdict === 'neutral') return;
    if (verdict === 'healthy') {
      state.failuresInARow = 0;
      this.#window.succeeded();
      return;
    }
    state.failuresInARow += 1;
    if (!this.#window.failed() && state.failuresInARow < this.#options.consecutiveFailures) return;
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
    // None yet where probing began by hand.
    this.#trips = Math.max(trips, 1);
    const longest = Math.min(openMs * 2 ** (this.#trips - 1), maxOpenMs);
    const stayMs = longest * (1 - JITTER * random());
    this.#window.open();
    this.#enter({ kind: 'open', until: monotonic() + stayMs });
  }

  #close(): void {
    this.#window.close();
    this.#enter({ kind: 'closed', since: this.#options.monotonic(), failuresInARow: 0 });
  }

  #coolDown(): void {
    if (this.#state.kind === 'open' && this.#options.monotonic() >= this.#state.until) this.#halfOpen();
  }

  #halfOpen(): void {
    this.#enter({ kind: 'half-open', underWay: 0, successes: 0 });
  }

  #enter(state: State): void {
    const before = this.#state;
    this.#state = state;
    this.#permit = { epoch: this.#permit.epoch + 1 };
    const forced = state.kind === 'forced' || before.kind === 'forced';
    this.#options.changed({ from: shown(before), to: shown(state), forced });
  }
}

function shown(state: State): BreakerState {
  return state.kind === 'forced' ? state.as : state.kind;
}

import type { BreakerState } from '../../../router/telemetry/breaker-state.ts';
import type { CallOutcome } from '../../../router/subgraph/call/call-result.ts';
import type { ForcedState } from '../../../router/subgraph/breaker/circuit-breaker.ts';

export type BreakerSettings = {
  readonly errorPercent: number;
  readonly minCalls: number;
  readonly consecutiveFailures: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly maxOpenMs: number;
};

/** Settings as in the configuration. */
export const BREAKER_SETTINGS: BreakerSettings = {
  errorPercent: 50,
  minCalls: 10,
  consecutiveFailures: 5,
  windowMs: 10_000,
  openMs: 2_000,
  maxOpenMs: 60_000,
};

/**
 * A simple model of the circuit breaker for comparison: it records every call and does not use opossum or
 * jitter.
 */
export class BreakerModel {
  readonly #settings: BreakerSettings;
  readonly #monotonic: () => number;
  #state: BreakerState = 'closed';
  #epoch = 0;
  #until = 0;
  #trips = 0;
  #closedAt = Number.NEGATIVE_INFINITY;
  #windowStart = 0;
  #calls: { readonly at: number; readonly failed: boolean }[] = [];
  #probesInFlight = 0;
  #probesSucceeded = 0;
  #forced: 'open' | 'closed' | undefined;

  constructor(settings: BreakerSettings, monotonic: () => number) {
    this.#settings = settings;
    this.#monotonic = monotonic;
  }

  get state(): BreakerState {
    if (this.#forced !== undefined) return this.#forced;
    if (this.#state === 'open' && this.#monotonic() >= this.#until) this.#probe();
    return this.#state;
  }

  get retryAfterMs(): number | undefined {
    return this.state === 'open' && this.#forced === undefined
      ? Math.ceil(this.#until - this.#monotonic())
      : undefined;
  }

  admit(): { readonly epoch: number } | undefined {
    if (this.state === 'open') return undefined;
    if (this.state === 'half-open') {
      if (this.#probesInFlight >= 2 ** this.#probesSucceeded) return undefined;
      this.#probesInFlight += 1;
    }
    return { epoch: this.#epoch };
  }

  settle(permit: { readonly epoch: number }, outcome: CallOutcome): void {
    if (permit.epoch !== this.#epoch || this.#forced !== undefined) return;
    if (this.#state === 'half-open') this.#probed(outcome);
    else if (outcome !== 'ignored') this.#counted(outcome !== 'success');
  }

  force(to: ForcedState): void {
    const before = this.#forced;
    if (before === (to === 'auto' ? undefined : to)) return;
    this.#forced = to === 'auto' ? undefined : to;
    if (to === 'auto' && before === 'open') this.#probe();
    else if (to === 'auto') this.#close();
    else this.#epoch += 1;
  }

  #probed(outcome: CallOutcome): void {
    this.#probesInFlight -= 1;
    if (outcome === 'failure' || outcome === 'timeout') this.#open(this.#trips + 1);
    if (outcome === 'unreachable') this.#open(this.#trips);
    if (outcome !== 'success') return;
    this.#probesSucceeded += 1;
    if (this.#probesSucceeded >= 5) this.#close();
  }

  #probe(): void {
    this.#enter('half-open');
    this.#probesInFlight = 0;
    this.#probesSucceeded = 0;
  }

  #close(): void {
    this.#enter('closed');
    this.#closedAt = this.#monotonic();
    this.#windowStart = this.#closedAt;
    this.#calls = [];
  }

  #counted(failed: boolean): void {
    const now = this.#monotonic();
    this.#calls.push({ at: now, failed });
    if (!failed || !(this.#manyFailed(now) || this.#failedInARow())) return;
    this.#open(now - this.#closedAt < this.#settings.maxOpenMs ? this.#trips + 1 : 1);
  }

  #manyFailed(now: number): boolean {
    const tenth = (time: number) => Math.floor((time - this.#windowStart) / (this.#settings.windowMs / 10));
    const recent = this.#calls.filter(({ at }) => tenth(now) - tenth(at) < 10);
    const percent = (100 * recent.filter(({ failed }) => failed).length) / recent.length;
    return recent.length >= this.#settings.minCalls && percent >= this.#settings.errorPercent;
  }

  #failedInARow(): boolean {
    const last = this.#calls.slice(-this.#settings.consecutiveFailures);
    return last.length === this.#settings.consecutiveFailures && last.every(({ failed }) => failed);
  }

  #open(trips: number): void {
    this.#trips = Math.max(trips, 1);
    this.#until =
      this.#monotonic() + Math.min(this.#settings.openMs * 2 ** (this.#trips - 1), this.#settings.maxOpenMs);
    this.#enter('open');
  }

  #enter(state: BreakerState): void {
    this.#state = state;
    this.#epoch += 1;
  }
}

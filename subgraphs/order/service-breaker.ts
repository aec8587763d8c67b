/** Outcome of a call; `ignored` does not count. */
export type CallOutcome = 'success' | 'failure' | 'ignored';

const FAILURES_TO_OPEN = 5;
const OPEN_MS = 2_000;

/**
 * Circuit breaker of one called service: opens after consecutive failures, and closes again when a probe
 * succeeds. Callers of a service that is down are then rejected at once, instead of each waiting for a
 * timeout.
 */
export class ServiceBreaker {
  readonly #monotonic: () => number;
  readonly #changed: (state: 'open' | 'closed') => void;
  #failures = 0;
  #isOpen = false;
  #probeAt = 0;

  constructor(options: {
    readonly monotonic: () => number;
    readonly changed: (state: 'open' | 'closed') => void;
  }) {
    this.#monotonic = options.monotonic;
    this.#changed = options.changed;
  }

  /** Whether a call may be made now; while open, one probe at a time. */
  admit(): boolean {
    if (!this.#isOpen) return true;
    const now = this.#monotonic();
    if (now < this.#probeAt) return false;
    // A probe that never settles must not keep the breaker open.
    this.#probeAt = now + OPEN_MS;
    return true;
  }

  settle(outcome: CallOutcome): void {
    if (outcome === 'ignored') return;
    if (outcome === 'success') {
      this.#failures = 0;
      this.#set(false);
      return;
    }
    this.#failures += 1;
    if (this.#failures < FAILURES_TO_OPEN) return;
    this.#probeAt = this.#monotonic() + OPEN_MS;
    this.#set(true);
  }

  #set(isOpen: boolean): void {
    if (this.#isOpen === isOpen) return;
    this.#isOpen = isOpen;
    this.#changed(isOpen ? 'open' : 'closed');
  }
}

import type { RequestOutcome } from './request-outcome.ts';
import { LATENCY_BOUNDS_MS } from './rollout-report.ts';
import type { Stats } from './rollout-report.ts';

/** Counts the requests that one supergraph version has served since this object was created. */
export class RequestCounts {
  readonly #breakerOpenings: () => number;
  readonly #openingsBefore: number;
  readonly #latencyBuckets: number[] = Array(LATENCY_BOUNDS_MS.length + 1).fill(0);
  #requests = 0;
  #errors = 0;
  #degraded = 0;

  /**
   * @param breakerOpenings returns how often circuit breakers of this supergraph version have opened since it
   * was built
   */
  constructor(breakerOpenings: () => number) {
    this.#breakerOpenings = breakerOpenings;
    this.#openingsBefore = breakerOpenings();
  }

  get requests(): number {
    return this.#requests;
  }

  add({ failed, degraded }: RequestOutcome, ms: number): void {
    this.#requests += 1;
    if (failed) this.#errors += 1;
    if (degraded) this.#degraded += 1;
    const bound = LATENCY_BOUNDS_MS.findIndex((limit) => ms <= limit);
    const bucket = bound < 0 ? LATENCY_BOUNDS_MS.length : bound;
    this.#latencyBuckets[bucket] = (this.#latencyBuckets[bucket] ?? 0) + 1;
  }

  stats(): Stats {
    return {
      requests: this.#requests,
      errors: this.#errors,
      degraded: this.#degraded,
      breakerOpenings: this.#breakerOpenings() - this.#openingsBefore,
      latencyBuckets: [...this.#latencyBuckets],
    };
  }
}

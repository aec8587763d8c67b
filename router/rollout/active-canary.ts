import { percentileOf } from '../rate-limit/caller-percentile.ts';
import type { Payer } from '../request/caller.ts';
import type { ClientResponse } from '../request/client-request.ts';
import { evaluateCanary, nextEvaluation } from './evaluate-canary.ts';
import { RequestCounts } from './request-counts.ts';
import { FAILED, outcomeOfRejection, outcomeOfResponse } from './request-outcome.ts';
import type { CanaryRelease, CanaryStats } from './rollout-report.ts';
import type { RolloutSettings } from './rollout-settings.ts';

/**
 * The two supergraph versions that are compared: `canary` serves a share of the callers, `baseline` all
 * others.
 */
export type Side = 'canary' | 'baseline';

/**
 * A running supergraph version whose requests are counted for a comparison. `breakerOpenings` returns how
 * often its circuit breakers have opened.
 */
export type CountedGeneration = { readonly breakerOpenings: () => number };

/** A canary with its settings, and the baseline that it is compared with. */
export type CanaryComparison = {
  readonly release: CanaryRelease;
  readonly settings: RolloutSettings;
  readonly generations: Readonly<Record<Side, CountedGeneration>>;
};

export type ActiveCanaryParts = {
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly monotonic: () => number;
  /** Returns whether an error means that the canary rejected an operation that the baseline accepts. */
  readonly isRejectedOperation: (error: unknown) => boolean;
  readonly onWorse: (reason: string) => void;
};

type Window = Readonly<Record<Side, RequestCounts>> & { readonly fromMs: number };

/**
 * A canary that serves a share of the callers. It selects these callers, counts their requests and those of
 * all others, and compares the counts.
 */
export class ActiveCanary {
  readonly #parts: ActiveCanaryParts;
  #comparison: CanaryComparison;
  #window: Window;
  #nextEvaluation = nextEvaluation(0);
  #isWorse = false;

  constructor(comparison: CanaryComparison, parts: ActiveCanaryParts) {
    this.#parts = parts;
    this.#comparison = comparison;
    this.#window = this.#beginWindow();
  }

  get release(): CanaryRelease {
    return this.#comparison.release;
  }

  /** Returns which version serves a caller. No caller leaves the canary when the canary's share grows. */
  sideOf(payer: Payer): Side {
    const { launch, percent } = this.release;
    return percentileOf(`launch ${launch}`, payer) < percent ? 'canary' : 'baseline';
  }

  /**
   * Changes the share of callers, the settings, or one of the two compared versions. If only settings change,
   * counting continues; otherwise it starts again.
   */
  update(comparison: CanaryComparison): void {
    const before = this.#comparison;
    this.#comparison = comparison;
    const isSame =
      before.release.percent === comparison.release.percent &&
      before.generations.baseline === comparison.generations.baseline &&
      before.generations.canary === comparison.generations.canary;
    if (isSame) return;
    this.#window = this.#beginWindow();
    this.#nextEvaluation = nextEvaluation(0);
  }

  /** Handles a request and counts its outcome for the version that serves it. */
  async observe(side: Side, handle: () => Promise<ClientResponse>): Promise<ClientResponse> {
    // The outcome of this request is added to the present counts, even if `update` starts new counts before
    // the request ends. The new counts must include only requests that began later.
    const counts = this.#window[side];
    const started = this.#parts.monotonic();
    const elapsed = () => this.#parts.monotonic() - started;
    try {
      const response = await handle();
      counts.add(outcomeOfResponse(response.summary), elapsed());
      return response;
    } catch (error) {
      const outcome = this.#parts.isRejectedOperation(error) ? FAILED : outcomeOfRejection(error);
      if (outcome !== undefined) counts.add(outcome, elapsed());
      throw error;
    } finally {
      this.#evaluate();
    }
  }

  stats(): CanaryStats {
    const { fromMs, baseline, canary } = this.#window;
    const { launch, began, percent } = this.release;
    return {
      launch,
      began,
      percent,
      window: { fromMs, toMs: this.#parts.now() },
      baseline: baseline.stats(),
      canary: canary.stats(),
    };
  }

  #beginWindow(): Window {
    const { canary, baseline } = this.#comparison.generations;
    return {
      fromMs: this.#parts.now(),
      canary: new RequestCounts(canary.breakerOpenings),
      baseline: new RequestCounts(baseline.breakerOpenings),
    };
  }

  #evaluate(): void {
    const { canary, baseline } = this.#window;
    if (this.#isWorse || canary.requests < this.#nextEvaluation) return;
    this.#nextEvaluation = nextEvaluation(canary.requests);
    const evaluation = evaluateCanary(canary.stats(), baseline.stats(), this.#comparison.settings);
    if (evaluation.kind !== 'rollback') return;
    this.#isWorse = true;
    this.#parts.onWorse(evaluation.reason);
  }
}

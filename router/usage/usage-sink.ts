import type { UsageSnapshot } from './usage-window.ts';

/** A receiver of usage counts: the registry, or a file. */
export type UsageSink = {
  /** Adds usage counts, which are kept until they are delivered. */
  readonly add: (snapshot: UsageSnapshot) => void;
  /**
   * Tries to deliver all usage counts that were added. The promise never rejects. Counts that cannot be
   * delivered are kept for the next call.
   */
  readonly deliver: (signal: AbortSignal) => Promise<void>;
};

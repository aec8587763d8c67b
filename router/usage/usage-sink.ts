import type { UsageSnapshot } from './usage-window.ts';

/** A receiver of recorded operations: the registry, or a file. */
export type UsageSink = {
  /** Keeps counts until they are delivered. */
  readonly add: (snapshot: UsageSnapshot) => void;
  /**
   * Tries to deliver everything that was added. The promise never rejects. Counts that cannot be delivered
   * are kept for the next call.
   */
  readonly deliver: (signal: AbortSignal) => Promise<void>;
};

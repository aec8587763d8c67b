import { DEFAULT_LINT } from './lint/lint-rules.ts';
import type { LintSettings } from './lint/lint-rules.ts';

/** Limits of a check. */
export type CheckSettings = {
  /** Leaves out operations that were last seen earlier than this number of days ago. */
  readonly sinceDays: number | null;
  /** Leaves out operations with fewer calls. */
  readonly ignoreBelowCalls: number;
  /** Names of clients whose calls do not count. */
  readonly excludeClients: readonly string[];
  /** Percent by which the estimated cost of an operation may grow; null for any growth. */
  readonly failOnCostGrowthPercent: number | null;
  readonly lint: LintSettings;
};

export const DEFAULT_SETTINGS: CheckSettings = {
  sinceDays: null,
  ignoreBelowCalls: 0,
  excludeClients: [],
  failOnCostGrowthPercent: null,
  lint: DEFAULT_LINT,
};

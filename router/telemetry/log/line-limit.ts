import type { Schedule } from '../../shared/schedule.ts';

/**
 * Number of log lines that were suppressed for one key (such as a client address), with the labels of the
 * first of them.
 */
export type SuppressedLines<Labels> = {
  /**
   * Values that describe the key (such as a client address) in the report of suppressed lines. Undefined in
   * the last entry, which sums the suppressed lines of all keys that the report does not list separately.
   */
  readonly labels: Labels | undefined;
  readonly count: number;
};

export type LineLimitOptions<Labels> = {
  /** Maximum number of lines in a time window for one key, such as a client address. */
  readonly perKey: number;
  /** Maximum number of lines in a time window for all keys (such as client addresses) together. */
  readonly total: number;
  readonly windowMs: number;
  readonly schedule: Schedule;
  /** Receives the numbers of suppressed lines at the end of a time window, the highest number first. */
  readonly onSuppressed: (suppressed: readonly SuppressedLines<Labels>[]) => void;
};

/**
 * Limits how many log lines clients can cause. Suppressed lines are counted, and reported at the end of each
 * time window.
 */
export type LineLimit<Labels> = Disposable & {
  /**
   * Returns whether a line may be written for `key`, such as a client address. `labels` describes the key in
   * the report of suppressed lines; it is called at most once per key and window.
   */
  readonly admit: (key: string, labels: () => Labels) => boolean;
};

/**
 * Maximum number of keys (such as client addresses) that are counted separately. Further keys share one
 * count, so that memory is bounded.
 */
const MAX_KEYS = 2_000;
/** Maximum number of keys (such as client addresses) that a report of suppressed lines lists. */
const MAX_REPORTED = 20;

type Count<Labels> = { written: number; suppressed: number; labels: Labels | undefined };

/**
 * Creates a limit of log lines per time window. A window has a fixed length and begins with its first line.
 */
export function createLineLimit<Labels>(options: LineLimitOptions<Labels>): LineLimit<Labels> {
  const { perKey, total, windowMs, schedule, onSuppressed } = options;
  const counts = new Map<string, Count<Labels>>();
  const others: Count<Labels> = { written: 0, suppressed: 0, labels: undefined };
  let written = 0;
  let timer: Disposable | undefined;

  function countOf(key: string): Count<Labels> {
    const known = counts.get(key);
    if (known !== undefined) return known;
    if (counts.size >= MAX_KEYS) return others;
    const count = { written: 0, suppressed: 0, labels: undefined };
    counts.set(key, count);
    return count;
  }

  function endWindow(): void {
    timer?.[Symbol.dispose]();
    timer = undefined;
    const suppressed = reportOf([...counts.values()], others.suppressed);
    counts.clear();
    others.suppressed = 0;
    others.written = 0;
    written = 0;
    if (suppressed.length > 0) onSuppressed(suppressed);
  }

  return {
    admit(key, labels) {
      timer ??= schedule(endWindow, windowMs);
      const count = countOf(key);
      if (count.written < perKey && written < total) {
        count.written += 1;
        written += 1;
        return true;
      }
      if (count.suppressed === 0 && count !== others) count.labels = labels();
      count.suppressed += 1;
      return false;
    },
    [Symbol.dispose]: endWindow,
  };
}

function reportOf<Labels>(
  counts: readonly Count<Labels>[],
  others: number,
): readonly SuppressedLines<Labels>[] {
  const sorted = counts
    .filter(({ suppressed }) => suppressed > 0)
    .toSorted((a, b) => b.suppressed - a.suppressed);
  const rest = sorted.slice(MAX_REPORTED).reduce((sum, { suppressed }) => sum + suppressed, others);
  return [
    ...sorted.slice(0, MAX_REPORTED).map(({ labels, suppressed }) => ({ labels, count: suppressed })),
    ...(rest > 0 ? [{ labels: undefined, count: rest }] : []),
  ];
}

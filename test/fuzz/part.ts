import { caseOf } from './cases.ts';
import { keepRegression } from './regressions.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

/** The part of a long fuzzing run for one process: every `step`th case, beginning with `first`. */
export type PartOfRun = {
  readonly seed: string;
  readonly count: number;
  readonly first: number;
  readonly step: number;
};

export type Tally = {
  done: number;
  violations: number;
  /** Number of responses by kind. */
  readonly kinds: Record<string, number>;
};

export function emptyTally(): Tally {
  return { done: 0, violations: 0, kinds: {} };
}

// Several targets, because one may wait for half a request, or for a plan, while another works.
const TARGETS = 4;
const CASES_PER_REPORT = 1_000;

/** Runs the part, and reports its progress. */
export async function runPart(
  { seed, count, first, step }: PartOfRun,
  { stop, onTally }: { readonly stop: AbortSignal; readonly onTally: (tally: Tally) => void },
): Promise<void> {
  await using targets = new AsyncDisposableStack();
  const tally = emptyTally();
  let next = first;

  async function shoot(target: Target): Promise<void> {
    while (next < count && !stop.aborted) {
      const index = next;
      next += step;
      const shot = caseOf(seed, index);
      const { kind, faults } = await target.evaluate(shot);
      tally.kinds[kind] = (tally.kinds[kind] ?? 0) + 1;
      tally.done += 1;
      if (faults.length > 0) {
        tally.violations += 1;
        console.log(`${keepRegression(shot, faults)} (case ${index}): ${faults[0]}`);
      }
      if (tally.done % CASES_PER_REPORT === 0) onTally(tally);
    }
  }

  await Promise.all(Array.from({ length: TARGETS }, async () => shoot(targets.use(await startTarget()))));
  onTally(tally);
}

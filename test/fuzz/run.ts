import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { awaitInterruption } from '../support/interruption.ts';
import { runParts } from '../support/parts.ts';
import { emptyTally } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

/**
 * `npm run fuzz -- --count 1000000 --seed anything --processes 2`: what breaks a rule is kept in `regressions/`, where the test
 * finds it, and makes the exit code 1.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now()) },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const { seed } = values;
const count = Number(values.count);
const step = Number(values.processes);
const begin = performance.now();
const { stop, exitCode } = awaitInterruption();
const tallies = Array.from({ length: step }, emptyTally);

console.log(`seed ${seed}, ${count} cases, ${step} processes`);
const codes = await runParts<PartOfRun, Tally>({
  program: new URL('worker.ts', import.meta.url),
  parts: tallies.map((_, first) => ({ seed, count, first, step })),
  onTally: (tally, index) => {
    tallies[index] = tally;
    report();
  },
  stop,
});
const kinds = kindsOf(tallies);
for (const kind of Object.keys(kinds).toSorted()) console.log(`${String(kinds[kind]).padStart(9)}  ${kind}`);
const violations = report();
const isWrong = violations > 0 || codes.some((code) => code !== 0);
process.exitCode = isWrong ? 1 : (exitCode() ?? 0);

function report(): number {
  const done = tallies.reduce((sum, tally) => sum + tally.done, 0);
  const found = tallies.reduce((sum, tally) => sum + tally.violations, 0);
  const rate = (done / (performance.now() - begin)) * 1000;
  console.log(`${done} cases, ${found} violations, ${rate.toFixed(0)} per second, seed ${seed}`);
  return found;
}

function kindsOf(all: readonly Tally[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const { kinds } of all)
    for (const [kind, times] of Object.entries(kinds)) sum[kind] = (sum[kind] ?? 0) + times;
  return sum;
}

import { availableParallelism } from 'node:os';
import { positiveNumber } from '../../cli/command-spec.ts';
import { readCommandLine } from '../../cli/single-command.ts';
import { awaitInterruption } from '../support/processes/interruption.ts';
import { runParts } from '../support/processes/parts.ts';
import { emptyTally } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

const COMMAND = {
  name: 'npm run fuzz',
  summary:
    'Sends hostile requests to a router. A request that breaks a rule is kept in test/fuzz/regressions/ and makes the exit code 1.',
  options: {
    count: { type: 'string', value: 'N', default: '10000', description: 'Number of requests.' },
    seed: { type: 'string', value: 'TEXT', description: 'Seed of the requests. Default: the time.' },
    processes: {
      type: 'string',
      value: 'N',
      description: 'Number of processes. Default: one per processor.',
    },
  },
} as const;

const { seed, count, step } = readCommandLine(COMMAND, ({ values }) => ({
  seed: values.seed ?? String(Date.now()),
  count: positiveNumber('count', values.count, { whole: true }),
  step: positiveNumber('processes', values.processes ?? String(availableParallelism()), { whole: true }),
}));
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

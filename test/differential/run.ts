import { availableParallelism } from 'node:os';
import { positiveNumber } from '../../cli/command-spec.ts';
import { readCommandLine } from '../../cli/single-command.ts';
import { runParts } from '../support/processes/parts.ts';
import { emptyTally } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

/**
 * A case is a supergraph, the seed of the data behind it, an operation, the values of its variables, whether
 * fetches are merged, and what goes wrong in subgraphs: nothing in about half of them. No two have all of
 * that in common: what was to go wrong, but met no answer or had the effect of another, is checked and not
 * counted. An operation makes up to 12 cases: four times it has other data and variables, each time with up
 * to two ways to go wrong. In every case the compiled executor is compared with one schema in this process;
 * where nothing goes wrong, so is the stock executor, which does not make it another case.
 *
 * What is answered wrong is made smaller and kept in `regressions/`, where the test finds it; what the stock
 * executor answers wrong for no reason known is kept in `regressions/stock/`. Either makes the exit code 1.
 */
const COMMAND = {
  name: 'npm run differential',
  summary:
    'Compares random operations on random supergraphs with a schema that is not federated, and with the stock executor. Wrong responses are kept in test/differential/regressions/ and make the exit code 1.',
  options: {
    count: { type: 'string', value: 'N', default: '1000000', description: 'Number of cases.' },
    seed: { type: 'string', value: 'TEXT', description: 'Seed of the cases. Default: the time.' },
    processes: {
      type: 'string',
      value: 'N',
      description: 'Number of processes. Default: one per processor.',
    },
  },
} as const;

const { seed, count, processes } = readCommandLine(COMMAND, ({ values }) => ({
  seed: values.seed ?? String(Date.now()),
  count: positiveNumber('count', values.count, { whole: true }),
  processes: positiveNumber('processes', values.processes ?? String(availableParallelism()), { whole: true }),
}));
const begin = performance.now();
const tallies = Array.from({ length: processes }, emptyTally);

console.log(`seed ${seed}, ${count} cases, ${processes} processes`);
const codes = await runParts<PartOfRun, Tally>({
  program: new URL('worker.ts', import.meta.url),
  parts: tallies.map((_, index) => partOf(index)),
  onTally: (tally, index) => {
    tallies[index] = tally;
    report(sumOf(tallies));
  },
  // Most of what a case leaves behind is garbage soon.
  execArgv: ['--max-semi-space-size=64'],
});
const { wrong, unexplained, stockFaults } = sumOf(tallies);
for (const [difference, times] of Object.entries(stockFaults)) console.log(`${times} times ${difference}`);
process.exitCode = wrong + unexplained === 0 && codes.every((code) => code === 0) ? 0 : 1;

function partOf(index: number): PartOfRun {
  const share = Math.floor(((index + 1) * count) / processes) - Math.floor((index * count) / processes);
  return { seed, count: share, part: { first: index, step: processes } };
}

function sumOf(all: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const tally of all) {
    for (const name of ['cases', 'graphs', 'operations', 'wrong', 'stock', 'unexplained'] as const)
      sum[name] += tally[name];
    for (const [difference, times] of Object.entries(tally.stockFaults))
      sum.stockFaults[difference] = (sum.stockFaults[difference] ?? 0) + times;
  }
  return sum;
}

function report({ cases, graphs, operations, wrong, stock, stockFaults, unexplained }: Tally): void {
  const rate = (cases / (performance.now() - begin)) * 1000;
  const faults = Object.values(stockFaults).reduce((sum, times) => sum + times, 0);
  const perThousand = (number: number) => ((number / cases) * 1000).toFixed(1);
  console.log(
    `${cases} cases (${perThousand(graphs)} supergraphs and ${perThousand(operations)} operations in 1,000), ${wrong} wrong, ` +
      `${rate.toFixed(0)} per second; stock executor: ${stock}, ${faults} against the specification, ${unexplained} unexplained`,
  );
}

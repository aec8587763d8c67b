import { availableParallelism } from 'node:os';
import { positiveNumber } from '../../cli/command-spec.ts';
import { readCommandLine } from '../../cli/single-command.ts';
import { runParts } from '../support/processes/parts.ts';
import { emptyTally } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

/**
 * A case is a supergraph, the seed of its data, an operation, the values of its variables, whether fetches
 * are merged, and the interference with subgraph responses: none in about half of the cases. Cases are
 * distinct: an interference that found no response, or had the same effect as another, is checked and not
 * counted. An operation makes up to 12 cases: it is run with four sets of data and variables, each with up to
 * two interferences. In every case the compiled executor is compared with one schema in this process. Without
 * interference the stock executor is compared as well, which is not counted as another case.
 * Wrong cases are reduced and kept in `regressions/`, where the test finds them; cases in which the stock
 * executor is wrong for an unknown reason are kept in `regressions/stock/`. Both make the exit code 1.
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
  // Most memory of a case is garbage soon.
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

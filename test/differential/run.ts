import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runParts } from '../support/parts.ts';
import { emptyTally } from './part.ts';
import type { PartOfRun, Tally } from './part.ts';

/**
 * The differential test at length: `npm run differential -- --count 1000000 --seed anything --processes 2`.
 *
 * A case is a supergraph, the seed of the data behind it, an operation, the values of its variables, whether fetches are merged,
 * and what goes wrong in subgraphs: nothing in about half of them. No two have all of that in common: what was to go wrong, but met
 * no answer or had the effect of another, is judged and not counted. An operation makes up to 12 cases: four times it has other
 * data and variables, each time with up to two ways to go wrong. In every case the compiled executor is compared with one schema
 * in this process; where nothing goes wrong, so is the stock executor, which does not make it another case.
 *
 * What is answered wrong is made smaller and kept in `regressions/`, where the test finds it; what the stock executor answers
 * wrong for no reason known is kept in `regressions/stock/`. Either makes the exit code 1.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const count = Number(values.count);
const processes = Number(values.processes);
const begin = performance.now();
const tallies = Array.from({ length: processes }, emptyTally);

console.log(`seed ${values.seed}, ${count} cases, ${processes} processes`);
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
for (const [clause, times] of Object.entries(stockFaults)) console.log(`${times} times ${clause}`);
process.exitCode = wrong + unexplained === 0 && codes.every((code) => code === 0) ? 0 : 1;

function partOf(index: number): PartOfRun {
  const share = Math.floor(((index + 1) * count) / processes) - Math.floor((index * count) / processes);
  return { seed: values.seed, count: share, part: { first: index, step: processes } };
}

function sumOf(all: readonly Tally[]): Tally {
  const sum = emptyTally();
  for (const tally of all) {
    for (const name of ['cases', 'graphs', 'operations', 'wrong', 'stock', 'unexplained'] as const)
      sum[name] += tally[name];
    for (const [clause, times] of Object.entries(tally.stockFaults))
      sum.stockFaults[clause] = (sum.stockFaults[clause] ?? 0) + times;
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

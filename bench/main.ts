import { join } from 'node:path';
import { CONTESTANTS } from './contestants/all.ts';
import type { Contestant } from './contestants/contestant.ts';
import { openBench, outFolder } from './harness/bench.ts';
import type { Bench } from './harness/bench.ts';
import { runContest } from './harness/contest.ts';
import { describeCircumstances } from './harness/machine.ts';
import { pinSelf } from './harness/program.ts';
import { MisuseError, readCommandLine } from '../bin/command-line.ts';
import { COMMAND, readOptions } from './options.ts';
import type { Options } from './options.ts';
import { loadRecords, saveLatest, saveRecords } from './report/record.ts';
import type { Figure, Findings } from './report/record.ts';
import { writeResults } from './report/results.ts';
import type { DetailedRow, Refusal } from './report/row.ts';
import { digits, formatRefusal, formatTables } from './report/table.ts';
import { STUDIES } from './studies/study.ts';
import { WORKLOADS } from './workloads/workload.ts';

/* `npm run bench`: the contestants, one after the other, on the same subgraphs. README.md says how to read the numbers. */

/** What is kept for each study where there are contests before it. */
const STUDY_MS = 40_000;
/** Run only when they are named. */
const LONG_STUDIES: ReadonlySet<string> = new Set(['memory', 'overload']);
const PROFILING = ['--cpu-prof', `--cpu-prof-dir=${join(outFolder, 'profiles')}`];

const args = process.argv.slice(2);
const chosen = readCommandLine(COMMAND, (line) => {
  const options = readOptions(line);
  return { options, contestants: chooseContestants(options), names: chooseWorkloads(options) };
});
if (process.platform === 'linux') await bench(chosen);
else {
  console.error('CPU and memory are read from /proc: Linux only');
  process.exitCode = 1;
}

type Choice = {
  readonly options: Options;
  readonly contestants: readonly Contestant[];
  /** Names of the workloads. */
  readonly names: readonly string[];
};

async function bench({ options, contestants, names }: Choice): Promise<void> {
  pinSelf();
  const circumstances = describeCircumstances(args);
  const findings = await measure(names, contestants, options);
  saveLatest(findings);
  // What some contestants did on their own, or under a profiler, is nothing to publish.
  if (options.contestants === undefined && !options.profiles) saveRecords(names, findings, circumstances);
  console.log(`\n${formatTables(findings.rows, findings.refusals)}`);
  for (const figure of findings.figures) console.log(`\n${formatFigure(figure)}`);
  console.log('\nwritten: bench/out/latest.json');
  if (options.writesResults) {
    writeResults(loadRecords());
    console.log('written: bench/results.md');
  }
}

function chooseContestants({ contestants: names }: Options): readonly Contestant[] {
  const unknown = names?.find((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
  if (unknown !== undefined)
    throw new MisuseError(
      `there is no router ${unknown} to measure; there are ${CONTESTANTS.map(({ name }) => name).join(', ')}`,
    );
  return CONTESTANTS.filter(({ name }) => names?.includes(name) ?? true);
}

function chooseWorkloads({ workload }: Options): readonly string[] {
  const all = [...WORKLOADS, ...STUDIES].map(({ name }) => name);
  if (workload === undefined) return all.filter((name) => !LONG_STUDIES.has(name));
  if (!all.includes(workload))
    throw new MisuseError(`there is no workload ${workload}; there are ${all.join(', ')}`);
  return [workload];
}

async function measure(
  names: readonly string[],
  contestants: readonly Contestant[],
  options: Options,
): Promise<Findings> {
  await using bench: Bench = await openBench(options.profiles ? PROFILING : []);
  stopOnSignal(bench);
  const rows: DetailedRow[] = [];
  const refusals: Refusal[] = [];
  const figures: Figure[] = [];
  const onRow = (row: DetailedRow) => {
    rows.push(row);
    console.log(
      `${row.contestant}  ${row.workload}  ${row.connections}  ${digits(row.rps)} requests/s  ${digits(row.cpuMsPerRequest)} ms CPU`,
    );
  };
  const onRefusal = (refusal: Refusal) => {
    refusals.push(refusal);
    console.log(formatRefusal(refusal));
  };
  const common = {
    contestants,
    measureMs: options.seconds * 1_000,
    endsAt: options.limitMs ?? Number.POSITIVE_INFINITY,
    onRow,
    onRefusal,
  };
  const workloads = WORKLOADS.filter(({ name }) => names.includes(name));
  const studies = STUDIES.filter(({ name }) => names.includes(name));
  await runContest(bench, {
    ...common,
    workloads,
    connections: options.connections,
    endsAt: common.endsAt - studies.length * STUDY_MS,
  });
  for (const study of studies) {
    await study.run(bench, {
      ...common,
      minutes: options.minutes,
      onFigure: (figure) => figures.push(figure),
    });
  }
  return { rows, refusals, figures };
}

// What runs is stopped and nothing is written: half a contest compares nothing.
function stopOnSignal(bench: Bench): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.resolve(bench[Symbol.asyncDispose]()).finally(() => process.exit(130));
    });
  }
}

function formatFigure({ name, contestant, value, note }: Figure): string {
  return `${name}, ${contestant}: ${digits(value)} (${note})`;
}

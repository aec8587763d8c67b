import { join } from 'node:path';
import { TARGETS } from './targets/all.ts';
import { buildCargoPackages } from './targets/cargo-packages.ts';
import type { Target } from './targets/target.ts';
import { openBench, outFolder } from './harness/bench.ts';
import type { Bench } from './harness/bench.ts';
import { runTargets } from './harness/run-targets.ts';
import { describeRun } from './harness/run-info.ts';
import { pinSelf } from './harness/program.ts';
import { MisuseError } from '../cli/command-spec.ts';
import { readCommandLine } from '../cli/single-command.ts';
import { COMMAND, readOptions } from './options.ts';
import type { Options } from './options.ts';
import { loadRecords, saveLatest, saveRecords } from './report/record.ts';
import type { Metric, Findings } from './report/record.ts';
import { writeResults } from './report/results.ts';
import type { Row, Failure } from './report/row.ts';
import { digits, formatFailure, formatTables } from './report/table.ts';
import { LONG_MEASUREMENTS } from './long-running/all.ts';
import { WORKLOADS } from './workloads/workload.ts';

/* `npm run bench`: measures each target in turn on the same subgraphs. README.md explains the values. */

/** Time that is reserved for each long-running measurement. */
const LONG_MEASUREMENT_MS = 40_000;
/** Measurements that run only if the command line names them. */
const ON_REQUEST_ONLY: ReadonlySet<string> = new Set(['memory', 'overload']);
const PROFILING = ['--cpu-prof', `--cpu-prof-dir=${join(outFolder, 'profiles')}`];

const args = process.argv.slice(2);
const chosen = readCommandLine(COMMAND, (line) => {
  const options = readOptions(line);
  return { options, targets: chooseTargets(options), names: chooseWorkloads(options) };
});
if (chosen.options.buildsCompetitors) buildCargoPackages();
else if (process.platform === 'linux') await bench(chosen);
else {
  console.error('CPU and memory are read from /proc: Linux only');
  process.exitCode = 1;
}

type Choice = {
  readonly options: Options;
  readonly targets: readonly Target[];
  /** Names of the workloads. */
  readonly names: readonly string[];
};

async function bench({ options, targets, names }: Choice): Promise<void> {
  pinSelf();
  const runInfo = describeRun(args);
  const findings = await measure(names, targets, options);
  saveLatest(findings);
  // Results of a selection of targets, or under a profiler, are not comparable with published ones.
  if (options.targets === undefined && !options.profiles) saveRecords(names, findings, runInfo);
  console.log(`\n${formatTables(findings.rows, findings.failures)}`);
  for (const metric of findings.metrics) console.log(`\n${formatMetric(metric)}`);
  console.log('\nwritten: bench/out/latest.json');
  if (options.writesResults) {
    writeResults(loadRecords());
    console.log('written: bench/results.md');
  }
}

function chooseTargets({ targets: names }: Options): readonly Target[] {
  const unknown = names?.find((name) => !TARGETS.some((target) => target.name === name));
  if (unknown !== undefined)
    throw new MisuseError(
      `unknown target ${unknown}; there are ${TARGETS.map(({ name }) => name).join(', ')}`,
    );
  return TARGETS.filter(({ name }) => names?.includes(name) ?? true);
}

function chooseWorkloads({ workload }: Options): readonly string[] {
  const all = [...WORKLOADS.map(({ name }) => name), ...Object.keys(LONG_MEASUREMENTS)];
  if (workload === undefined) return all.filter((name) => !ON_REQUEST_ONLY.has(name));
  if (!all.includes(workload))
    throw new MisuseError(`unknown workload ${workload}; there are ${all.join(', ')}`);
  return [workload];
}

async function measure(
  names: readonly string[],
  targets: readonly Target[],
  options: Options,
): Promise<Findings> {
  await using bench: Bench = await openBench(options.profiles ? PROFILING : []);
  stopOnSignal(bench);
  const rows: Row[] = [];
  const failures: Failure[] = [];
  const metrics: Metric[] = [];
  const onRow = (row: Row) => {
    rows.push(row);
    console.log(
      `${row.target}  ${row.workload}  ${row.connections}  ${digits(row.rps)} requests/s  ${digits(row.cpuMsPerRequest)} ms CPU`,
    );
  };
  const onFailure = (failure: Failure) => {
    failures.push(failure);
    console.log(formatFailure(failure));
  };
  const common = {
    targets,
    measureMs: options.seconds * 1_000,
    endsAt: options.limitMs ?? Number.POSITIVE_INFINITY,
    onRow,
    onFailure,
  };
  const workloads = WORKLOADS.filter(({ name }) => names.includes(name));
  const longMeasurements = Object.entries(LONG_MEASUREMENTS).filter(([name]) => names.includes(name));
  await runTargets(bench, {
    ...common,
    workloads,
    connections: options.connections,
    endsAt: common.endsAt - longMeasurements.length * LONG_MEASUREMENT_MS,
  });
  for (const [, measure] of longMeasurements) {
    await measure(bench, {
      ...common,
      minutes: options.minutes,
      onMetric: (metric) => metrics.push(metric),
    });
  }
  return { rows, failures, metrics };
}

// An interrupted run stops its processes and writes no results.
function stopOnSignal(bench: Bench): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      void Promise.resolve(bench[Symbol.asyncDispose]()).finally(() => process.exit(130));
    });
  }
}

function formatMetric({ name, target, value, note }: Metric): string {
  return `${name}, ${target}: ${digits(value)} (${note})`;
}

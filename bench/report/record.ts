import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outFolder } from '../harness/bench.ts';
import type { RunInfo } from '../harness/run-info.ts';
import type { Row, Failure } from './row.ts';

/** A result that is not a row of a table: `latency`, `memory`, `growth` and `overload` have one or more. */
export type Metric = {
  readonly name: string;
  readonly target: string;
  readonly value: number;
  /** The values that it was computed from. */
  readonly note: string;
};

export type Findings = {
  readonly rows: readonly Row[];
  readonly failures: readonly Failure[];
  readonly metrics: readonly Metric[];
};

/** Results of the latest run of one workload. */
export type WorkloadRecord = Findings & RunInfo & { readonly workload: string };

const recordFolder = join(outFolder, 'workloads');

export function saveLatest({ rows }: Findings): void {
  writeJson(join(outFolder, 'latest.json'), rows);
}

/** Writes one record for each workload; `bench/results.md` is generated from these. */
export function saveRecords(workloads: readonly string[], findings: Findings, runInfo: RunInfo): void {
  mkdirSync(recordFolder, { recursive: true });
  for (const workload of workloads) {
    const belongs = (name: string) => name === workload || name.startsWith(`${workload}-`);
    const record: WorkloadRecord = {
      workload,
      ...runInfo,
      rows: findings.rows.filter((row) => belongs(row.workload)),
      failures: findings.failures.filter((failure) => belongs(failure.workload)),
      metrics: findings.metrics.filter(({ name }) => belongs(name)),
    };
    writeJson(join(recordFolder, `${workload}.json`), record);
  }
}

export function loadRecords(): readonly WorkloadRecord[] {
  if (!existsSync(recordFolder)) return [];
  return readdirSync(recordFolder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(recordFolder, name), 'utf8')) as WorkloadRecord);
}

function writeJson(file: string, value: unknown): void {
  writeFileSync(file, `${JSON.stringify(value, undefined, 2)}\n`);
}

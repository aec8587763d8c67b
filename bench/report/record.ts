import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outFolder } from '../harness/bench.ts';
import type { Circumstances } from '../harness/machine.ts';
import { plainRow } from './row.ts';
import type { DetailedRow, Refusal } from './row.ts';

/** A figure that is no row: what `latency`, `memory` and `growth` find out. */
export type Figure = {
  readonly name: string;
  readonly contestant: string;
  readonly value: number;
  /** How it came about. */
  readonly note: string;
};

export type Findings = {
  readonly rows: readonly DetailedRow[];
  readonly refusals: readonly Refusal[];
  readonly figures: readonly Figure[];
};

/** What the latest run of one workload found. */
export type WorkloadRecord = Findings & Circumstances & { readonly workload: string };

const recordFolder = join(outFolder, 'workloads');

export function saveLatest({ rows }: Findings): void {
  writeJson(join(outFolder, 'latest.json'), rows.map(plainRow));
}

/** Writes a record for each workload, from which the results page is made. */
export function saveRecords(
  workloads: readonly string[],
  findings: Findings,
  circumstances: Circumstances,
): void {
  mkdirSync(recordFolder, { recursive: true });
  for (const workload of workloads) {
    const belongs = (name: string) => name === workload || name.startsWith(`${workload}-`);
    const record: WorkloadRecord = {
      workload,
      ...circumstances,
      rows: findings.rows.filter((row) => belongs(row.workload)),
      refusals: findings.refusals.filter((refusal) => belongs(refusal.workload)),
      figures: findings.figures.filter(({ name }) => belongs(name)),
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

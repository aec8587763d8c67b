import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTESTANTS } from '../contestants/all.ts';
import { STUDIES } from '../studies/study.ts';
import { WORKLOADS } from '../workloads/workload.ts';
import { reachOf } from './reach.ts';
import type { Reach } from './reach.ts';
import type { WorkloadRecord } from './record.ts';
import { COLUMNS, captionOf, cellsOf, digits, formatRefusal, groupRows } from './table.ts';

const folder = join(import.meta.dirname, '..');

/** Writes `bench/results.md` from what the latest run of each workload found. */
export function writeResults(records: readonly WorkloadRecord[]): void {
  const sections = [
    '# Results of the benchmark',
    'Written by `npm run bench -- --write-results`; [README.md](README.md) says what is measured and how.',
    circumstances(records),
    '## Reach',
    table(['', 'at least', 'measured', '', 'from'], reachOf(records).map(reachCells)),
    profile(),
    ...orderedNames().flatMap((name) => workloadSection(records, name)),
    '## Contestants',
    table(
      ['', ''],
      CONTESTANTS.map(({ name, what }) => [`\`${name}\``, what]),
    ),
  ];
  writeFileSync(join(folder, 'results.md'), `${sections.filter((text) => text !== '').join('\n\n')}\n`);
}

function circumstances(records: readonly WorkloadRecord[]): string {
  const runs = Map.groupBy(records, ({ command, date }) => `${date} ${command}`);
  return [...runs.values()]
    .flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const workloads = [first, ...others].map(({ workload }) => workload).join(', ');
      const versions = Object.entries(first.versions).map(([name, version]) => `${name} ${version}`);
      return [
        [
          `- \`${first.command}\`, ${first.date.slice(0, 16).replace('T', ' ')} UTC, commit ${first.commit}: ${workloads}`,
          `  - ${first.machine}`,
          `  - ${versions.join(', ')}`,
        ].join('\n'),
      ];
    })
    .join('\n');
}

function reachCells({ what, bound, value, achieved, note }: Reach): readonly string[] {
  return [what, bound, value === undefined ? '–' : digits(value), verdict(achieved), note];
}

function verdict(achieved: number | undefined): string {
  if (achieved === undefined) return 'not measured';
  return achieved >= 1 ? 'reached' : `**missed by ${((1 - achieved) * 100).toFixed(0)} %**`;
}

// Written by hand: why a number is not reached is nothing that a run knows.
function profile(): string {
  const file = join(folder, 'profile.md');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
}

function orderedNames(): readonly string[] {
  return [...WORKLOADS, ...STUDIES].map(({ name }) => name);
}

function workloadSection(records: readonly WorkloadRecord[], name: string): readonly string[] {
  const record = records.find(({ workload }) => workload === name);
  if (record === undefined) return [];
  const what = [...WORKLOADS, ...STUDIES].find((one) => one.name === name)?.what ?? '';
  const groups = groupRows(record.rows).flatMap((group) => [
    `### ${captionOf(group)}`,
    table(
      COLUMNS.map(({ title }) => title),
      cellsOf(group),
    ),
  ]);
  const figures = record.figures.map(
    ({ name, contestant, value, note }) => `- ${name}, ${contestant}: **${digits(value)}** (${note})`,
  );
  const refusals = record.refusals.map((refusal) => `- not measured: ${formatRefusal(refusal)}`);
  return [`## ${name}`, `${what}.`, figures.join('\n'), ...groups, refusals.join('\n')];
}

function table(titles: readonly string[], lines: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...lines.map(line)].join('\n');
}

import type { WorkloadRecord } from './record.ts';
import type { Row } from './row.ts';
import { CONNECTIONS, HIGHEST, RATIOS } from './goal-list.ts';
import type { Bound, Highest, Ratio } from './goal-list.ts';
import { digits } from './table.ts';

/** A performance goal of the router, and its measured value. */
export type Goal = {
  readonly what: string;
  readonly bound: string;
  /** Undefined if it was not measured. */
  readonly value: number | undefined;
  /** Share of the bound that is reached: 1 is exactly the bound, 0.5 half of it. */
  readonly achieved: number | undefined;
  readonly note: string;
};

export function goalsOf(records: readonly WorkloadRecord[]): readonly Goal[] {
  const rows = records.flatMap((record) => record.rows);
  return [
    ...RATIOS.map((ratio) => goalOfRatio(ratio, rows)),
    ...HIGHEST.map((highest) => goalOfHighest(highest, rows)),
    ...metricGoals(records),
  ];
}

function goalOfRatio(ratio: Ratio, rows: readonly Row[]): Goal {
  const { what, workload, column, over, under, bound, connections = CONNECTIONS } = ratio;
  const find = (target: string) =>
    rows.find(
      (row) => row.workload === workload && row.target === target && row.connections === connections,
    )?.[column];
  const [a, b] = [find(over), find(under)];
  const value = a === undefined || b === undefined ? undefined : a / b;
  const unit = column === 'rps' ? 'requests/s' : 'ms';
  return {
    what,
    value,
    ...compare(bound, value),
    note: a === undefined || b === undefined ? 'not measured' : `${digits(a)} / ${digits(b)} ${unit}`,
  };
}

function goalOfHighest(highest: Highest, rows: readonly Row[]): Goal {
  const { what, workloads, targets, connections, column, unit, most } = highest;
  const [worst] = rows
    .filter(
      (row) =>
        workloads.includes(row.workload) &&
        targets.includes(row.target) &&
        connections.includes(row.connections),
    )
    .flatMap((row) => (row[column] === undefined ? [] : [{ row, value: row[column] }]))
    .toSorted((a, b) => b.value - a.value);
  return {
    what,
    value: worst?.value,
    ...compare({ most }, worst?.value),
    note:
      worst === undefined
        ? 'not measured'
        : `${digits(worst.value)} ${unit} in \`${worst.row.workload}\` at ${worst.row.connections} connections`,
  };
}

function compare(bound: Bound, value: number | undefined): Pick<Goal, 'bound' | 'achieved'> {
  if ('least' in bound) {
    return { bound: `≥ ${bound.least}`, achieved: value === undefined ? undefined : value / bound.least };
  }
  return {
    bound: `≤ ${bound.most}`,
    achieved: value === undefined ? undefined : bound.most / Math.max(value, 1e-9),
  };
}

function metricGoals(records: readonly WorkloadRecord[]): readonly Goal[] {
  const metrics = records.flatMap((record) => record.metrics);
  const atMost = (what: string, name: string, target: string, most: number): Goal => {
    const metric = metrics.find((one) => one.name === name && one.target === target);
    return {
      what,
      value: metric?.value,
      ...compare({ most }, metric?.value),
      note: metric?.note ?? 'not measured',
    };
  };
  return [
    atMost(
      'added latency p50 at 1 connection over the slowest path of subgraph calls, `order-page`, ms',
      'latency',
      'tributary',
      1,
    ),
    atMost(
      'memory after mixed load over 1,000 distinct operations / at the start of them',
      'memory',
      'tributary-full',
      1.2,
    ),
    atMost('CPU per request over bytes, 8 KB → 80 KB', 'growth-80', 'tributary', 1),
    atMost('CPU per request over bytes, 80 KB → 800 KB', 'growth-800', 'tributary', 1),
  ];
}

import type { WorkloadRecord } from './record.ts';
import type { Row } from './row.ts';
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

type Ratio = {
  readonly what: string;
  readonly workload: string;
  readonly column: 'rps' | 'cpuMsPerRequest';
  readonly over: string;
  readonly under: string;
  readonly least: number;
};

/** Number of connections at which ratios are taken. */
const CONNECTIONS = 50;

const RATIOS: readonly Ratio[] = [
  {
    what: 'CPU per request, `wide`, without deduplication: stock Apollo Gateway / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'apollo-gateway',
    under: 'tributary',
    least: 8,
  },
  {
    what: 'the same: Hive Gateway / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'hive-gateway',
    under: 'tributary',
    least: 7,
  },
  {
    what: 'throughput `wide` with deduplication on both: ours / Hive Gateway',
    workload: 'wide',
    column: 'rps',
    over: 'tributary-shared',
    under: 'hive-gateway-shared',
    least: 3,
  },
  {
    what: 'throughput `wide` with deduplication: ours / Grafbase',
    workload: 'wide',
    column: 'rps',
    over: 'tributary-shared',
    under: 'grafbase',
    least: 5,
  },
  {
    what: 'CPU per request, `wide`, only subgraph calls deduplicated, as Grafbase does: Grafbase / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'grafbase',
    under: 'tributary-calls',
    least: 0.8,
  },
  {
    what: 'throughput `order-page`, everything on: ours / hand-written Express aggregator without auth or limits',
    workload: 'order-page',
    column: 'rps',
    over: 'tributary-full',
    under: 'aggregator-express',
    least: 1,
  },
  {
    what: 'throughput `order-page`, without auth and limits: ours / leanest hand-written aggregator',
    workload: 'order-page',
    column: 'rps',
    over: 'tributary',
    under: 'aggregator-lean',
    least: 0.6,
  },
];

export function goalsOf(records: readonly WorkloadRecord[]): readonly Goal[] {
  const rows = records.flatMap((record) => record.rows);
  return [...RATIOS.map((ratio) => goalOfRatio(ratio, rows)), ...metricGoals(records)];
}

function goalOfRatio({ what, workload, column, over, under, least }: Ratio, rows: readonly Row[]): Goal {
  const find = (target: string) =>
    rows.find(
      (row) => row.workload === workload && row.target === target && row.connections === CONNECTIONS,
    )?.[column];
  const [a, b] = [find(over), find(under)];
  const value = a === undefined || b === undefined ? undefined : a / b;
  const unit = column === 'rps' ? 'requests/s' : 'ms';
  return {
    what,
    bound: `≥ ${least}`,
    value,
    achieved: value === undefined ? undefined : value / least,
    note: a === undefined || b === undefined ? 'not measured' : `${digits(a)} / ${digits(b)} ${unit}`,
  };
}

function metricGoals(records: readonly WorkloadRecord[]): readonly Goal[] {
  const metrics = records.flatMap((record) => record.metrics);
  const below = (what: string, name: string, target: string, most: number): Goal => {
    const metric = metrics.find((one) => one.name === name && one.target === target);
    return {
      what,
      bound: `< ${most}`,
      value: metric?.value,
      achieved: metric === undefined ? undefined : most / Math.max(metric.value, 1e-9),
      note: metric?.note ?? 'not measured',
    };
  };
  return [
    below(
      'added latency p50 at 1 connection over the slowest path of subgraph calls, `order-page`, ms',
      'latency',
      'tributary',
      1,
    ),
    below(
      'memory after mixed load over 1,000 distinct operations / at the start of them',
      'memory',
      'tributary-full',
      1.2,
    ),
    below('CPU per request over bytes, 8 KB → 80 KB', 'growth-80', 'tributary', 1),
    below('CPU per request over bytes, 80 KB → 800 KB', 'growth-800', 'tributary', 1),
  ];
}

import type { WorkloadRecord } from './record.ts';
import type { Row } from './row.ts';
import { digits } from './table.ts';

/** A number that the router sets out to reach, and what was measured. */
export type Reach = {
  readonly what: string;
  readonly bound: string;
  /** Undefined where it was not measured. */
  readonly value: number | undefined;
  /** How far from the bound: 1 is just reached, 0.5 half of it. */
  readonly achieved: number | undefined;
  readonly note: string;
};

type Metric = 'rps' | 'cpuMsPerRequest';

type Ratio = {
  readonly what: string;
  readonly workload: string;
  readonly metric: Metric;
  readonly over: string;
  readonly under: string;
  readonly least: number;
};

/** Ratios are taken at this many connections. */
const CONNECTIONS = 50;

const RATIOS: readonly Ratio[] = [
  {
    what: 'CPU per request, `wide`, without sharing: stock Apollo Gateway / ours',
    workload: 'wide',
    metric: 'cpuMsPerRequest',
    over: 'apollo-gateway',
    under: 'tributary',
    least: 8,
  },
  {
    what: 'the same: Hive Gateway / ours',
    workload: 'wide',
    metric: 'cpuMsPerRequest',
    over: 'hive-gateway',
    under: 'tributary',
    least: 7,
  },
  {
    what: 'throughput `wide` with sharing on both: ours / Hive Gateway',
    workload: 'wide',
    metric: 'rps',
    over: 'tributary-shared',
    under: 'hive-gateway-shared',
    least: 3,
  },
  {
    what: 'throughput `wide` with sharing: ours / Grafbase',
    workload: 'wide',
    metric: 'rps',
    over: 'tributary-shared',
    under: 'grafbase',
    least: 5,
  },
  {
    what: 'CPU per request, `wide`, only equal subgraph calls shared, as Grafbase does: Grafbase / ours',
    workload: 'wide',
    metric: 'cpuMsPerRequest',
    over: 'grafbase',
    under: 'tributary-calls',
    least: 0.8,
  },
  {
    what: 'throughput `order-page`, everything on: ours / hand-written Express aggregator without auth or limits',
    workload: 'order-page',
    metric: 'rps',
    over: 'tributary-full',
    under: 'aggregator-express',
    least: 1,
  },
  {
    what: 'throughput `order-page`, without auth and limits: ours / leanest hand-written aggregator',
    workload: 'order-page',
    metric: 'rps',
    over: 'tributary',
    under: 'aggregator-lean',
    least: 0.6,
  },
];

export function reachOf(records: readonly WorkloadRecord[]): readonly Reach[] {
  const rows = records.flatMap((record) => record.rows);
  return [...RATIOS.map((ratio) => reachOfRatio(ratio, rows)), ...figureReaches(records)];
}

function reachOfRatio({ what, workload, metric, over, under, least }: Ratio, rows: readonly Row[]): Reach {
  const find = (contestant: string) =>
    rows.find(
      (row) => row.workload === workload && row.contestant === contestant && row.connections === CONNECTIONS,
    )?.[metric];
  const [a, b] = [find(over), find(under)];
  const value = a === undefined || b === undefined ? undefined : a / b;
  const unit = metric === 'rps' ? 'requests/s' : 'ms';
  return {
    what,
    bound: `≥ ${least}`,
    value,
    achieved: value === undefined ? undefined : value / least,
    note: a === undefined || b === undefined ? 'not measured' : `${digits(a)} / ${digits(b)} ${unit}`,
  };
}

function figureReaches(records: readonly WorkloadRecord[]): readonly Reach[] {
  const figures = records.flatMap((record) => record.figures);
  const below = (what: string, name: string, contestant: string, most: number): Reach => {
    const figure = figures.find((one) => one.name === name && one.contestant === contestant);
    return {
      what,
      bound: `< ${most}`,
      value: figure?.value,
      achieved: figure === undefined ? undefined : most / Math.max(figure.value, 1e-9),
      note: figure?.note ?? 'not measured',
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

/** The value of one target divided by that of another. */
export type Ratio = {
  readonly what: string;
  readonly workload: string;
  readonly column: 'rps' | 'cpuMsPerRequest';
  readonly over: string;
  readonly under: string;
  readonly bound: Bound;
  /** Number of connections. Default: 50. */
  readonly connections?: number;
};

export type Bound = { readonly least: number } | { readonly most: number };

/** The highest value of a column among the rows of some targets and workloads. */
export type Highest = {
  readonly what: string;
  readonly workloads: readonly string[];
  readonly targets: readonly string[];
  readonly connections: readonly number[];
  readonly column: 'rssMb' | 'allocatedKbPerRequest' | 'redisCommandsPerRequest' | 'p99OverP50';
  readonly unit: string;
  readonly most: number;
};

/** Number of connections of a ratio that names none. */
export const CONNECTIONS = 50;

export const RATIOS: readonly Ratio[] = [
  {
    what: 'CPU per request, `order-page`: everything on, many identities / nothing shared, without auth and limits',
    workload: 'order-page',
    column: 'cpuMsPerRequest',
    over: 'tributary-full',
    under: 'tributary',
    bound: { most: 1.25 },
  },
  {
    what: 'throughput `order-page`: everything on / leanest hand-written aggregator without auth and limits',
    workload: 'order-page',
    column: 'rps',
    over: 'tributary-full',
    under: 'aggregator-lean',
    bound: { least: 0.8 },
  },
  {
    what: 'throughput `order-page`, without auth and limits: ours / leanest hand-written aggregator',
    workload: 'order-page',
    column: 'rps',
    over: 'tributary',
    under: 'aggregator-lean',
    bound: { least: 1 },
  },
  {
    what: 'the same: ours with `pipelining: 16` / leanest hand-written aggregator',
    workload: 'order-page',
    column: 'rps',
    over: 'tributary-pipelined',
    under: 'aggregator-lean',
    bound: { least: 1 },
  },
  {
    what: 'CPU per request, `order-page`, without deduplication: Hive Router (Rust) / ours',
    workload: 'order-page',
    column: 'cpuMsPerRequest',
    over: 'hive-router',
    under: 'tributary',
    bound: { least: 0.9 },
  },
  {
    what: 'the same: Hive Router (Rust) / ours with `pipelining: 16`',
    workload: 'order-page',
    column: 'cpuMsPerRequest',
    over: 'hive-router',
    under: 'tributary-pipelined',
    bound: { least: 0.9 },
  },
  {
    what: 'CPU per request, `wide`, without deduplication: Hive Router (Rust) / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'hive-router',
    under: 'tributary',
    bound: { least: 0.9 },
  },
  {
    what: 'the same with equal subgraph calls deduplicated on both',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'hive-router-calls',
    under: 'tributary-calls',
    bound: { least: 1 },
  },
  {
    what: 'CPU per request, `wide`, without deduplication: Apollo Router (Rust) / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'apollo-router',
    under: 'tributary',
    bound: { least: 8 },
  },
  ...[1, 50, 500].map((connections): Ratio => ({
    what: `CPU per request, \`tiny\`, ${connections} connection${connections === 1 ? '' : 's'}: Mercurius / ours`,
    workload: 'tiny',
    column: 'cpuMsPerRequest',
    over: 'mercurius',
    under: 'tributary',
    bound: { least: 1 },
    connections,
  })),
  {
    what: 'CPU per request, `wide`, without deduplication: stock Apollo Gateway / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'apollo-gateway',
    under: 'tributary',
    bound: { least: 8 },
  },
  {
    what: 'the same: Hive Gateway / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'hive-gateway',
    under: 'tributary',
    bound: { least: 7 },
  },
  {
    what: 'throughput `wide` with deduplication on both: ours / Hive Gateway',
    workload: 'wide',
    column: 'rps',
    over: 'tributary-shared',
    under: 'hive-gateway-shared',
    bound: { least: 3 },
  },
  {
    what: 'throughput `wide` with deduplication: ours / Grafbase',
    workload: 'wide',
    column: 'rps',
    over: 'tributary-shared',
    under: 'grafbase',
    bound: { least: 5 },
  },
  {
    what: 'CPU per request, `wide`, only subgraph calls deduplicated, as Grafbase does: Grafbase / ours',
    workload: 'wide',
    column: 'cpuMsPerRequest',
    over: 'grafbase',
    under: 'tributary-calls',
    bound: { least: 0.8 },
  },
];

/** Half of what the commit a888c02 allocated for a request of `order-page`. */
const ALLOCATED_KB = { bare: 65, full: 130 };

export const HIGHEST: readonly Highest[] = [
  {
    what: 'peak memory under load, `order-page`, MB',
    workloads: ['order-page'],
    targets: ['tributary'],
    connections: [CONNECTIONS],
    column: 'rssMb',
    unit: 'MB',
    most: 160,
  },
  {
    what: 'allocated per request, `order-page`, KB: half of what it was',
    workloads: ['order-page'],
    targets: ['tributary'],
    connections: [CONNECTIONS],
    column: 'allocatedKbPerRequest',
    unit: 'KB',
    most: ALLOCATED_KB.bare,
  },
  {
    what: 'the same with everything on',
    workloads: ['order-page'],
    targets: ['tributary-full'],
    connections: [CONNECTIONS],
    column: 'allocatedKbPerRequest',
    unit: 'KB',
    most: ALLOCATED_KB.full,
  },
  {
    what: 'Redis commands per request, `order-page`, everything on',
    workloads: ['order-page'],
    targets: ['tributary-full'],
    connections: [CONNECTIONS],
    column: 'redisCommandsPerRequest',
    unit: 'commands',
    most: 0.3,
  },
  ...['tributary', 'tributary-full'].map((target): Highest => ({
    what: `p99 / p50, \`order-page\` and \`wide\` at 50 and 500 connections, \`${target}\``,
    workloads: ['order-page', 'wide'],
    targets: [target],
    connections: [50, 500],
    column: 'p99OverP50',
    unit: 'times the median',
    most: 2,
  })),
];

import type { Row, Failure } from './row.ts';

const OURS = 'tributary';

type Column = {
  readonly title: string;
  readonly cell: (row: Row, ours: Row | undefined) => string;
};

const COLUMNS: readonly Column[] = [
  { title: 'target', cell: ({ target }) => target },
  { title: 'requests/s', cell: ({ rps }) => digits(rps) },
  { title: '÷ ours', cell: ({ rps }, ours) => ratio(rps, ours?.rps) },
  { title: 'p50 ms', cell: ({ p50Ms }) => digits(p50Ms) },
  { title: 'p99 ms', cell: ({ p99Ms }) => digits(p99Ms) },
  { title: 'p99 ÷ p50', cell: ({ p50Ms, p99Ms }) => digits(p99Ms / p50Ms) },
  { title: 'CPU ms/request', cell: ({ cpuMsPerRequest }) => digits(cpuMsPerRequest) },
  { title: '÷ ours', cell: ({ cpuMsPerRequest }, ours) => ratio(cpuMsPerRequest, ours?.cpuMsPerRequest) },
  { title: 'peak MB', cell: ({ rssMb }) => rssMb.toFixed(0) },
  { title: '÷ ours', cell: ({ rssMb }, ours) => ratio(rssMb, ours?.rssMb) },
  { title: 'calls/request', cell: ({ callsPerRequest }) => callsPerRequest.toFixed(1) },
  {
    title: 'KB allocated/request',
    cell: ({ allocatedKbPerRequest }) => digits(allocatedKbPerRequest ?? Number.NaN),
  },
  {
    title: 'Redis commands/request',
    cell: ({ redisCommandsPerRequest }) => digits(redisCommandsPerRequest ?? Number.NaN),
  },
  {
    title: 'CPU % gateway | load + subgraphs',
    cell: ({ gatewayCpu, loadCpu, subgraphsCpu }) => `${gatewayCpu} | ${loadCpu} + ${subgraphsCpu}`,
  },
];

type Group = {
  readonly workload: string;
  readonly connections: number;
  readonly rows: readonly Row[];
};

/** Groups rows that are comparable: the same workload and number of connections. */
function groupRows(rows: readonly Row[]): readonly Group[] {
  const groups = Map.groupBy(rows, ({ workload, connections }) => `${workload} ${connections}`);
  return [...groups.values()].flatMap((rows) => {
    const [first] = rows;
    return first === undefined ? [] : [{ workload: first.workload, connections: first.connections, rows }];
  });
}

function cellsOf({ rows }: Group): readonly (readonly string[])[] {
  const ours = rows.find(({ target }) => target === OURS);
  return rows.map((row) => COLUMNS.map(({ cell }) => cell(row, ours)));
}

/** Formats the tables for a terminal. */
export function formatTables(rows: readonly Row[], failures: readonly Failure[]): string {
  const tables = groupRows(rows).map(
    (group) => `${captionOf(group)}\n${alignColumns([COLUMNS.map(({ title }) => title), ...cellsOf(group)])}`,
  );
  const failed = failures.map(formatFailure);
  return [...tables, ...(failed.length > 0 ? [`not measured\n${failed.join('\n')}`] : [])].join('\n\n');
}

function captionOf({ workload, connections, rows }: Group): string {
  const bytes = rows[0]?.bytes ?? 0;
  return `${workload}, ${connections} connection${connections === 1 ? '' : 's'}, responses of ${bytes} bytes`;
}

export function formatFailure({ workload, target, connections, reason }: Failure): string {
  const at = connections === undefined ? '' : `, ${connections} connections`;
  return `${target}, ${workload}${at}: ${reason}`;
}

function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = COLUMNS.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  const align = (text: string, index: number) =>
    index === 0 ? text.padEnd(widths[index] ?? 0) : text.padStart(widths[index] ?? 0);
  return lines.map((line) => `  ${line.map(align).join('  ')}`).join('\n');
}

function ratio(value: number, ours: number | undefined): string {
  return ours === undefined ? '' : digits(value / ours);
}

/** Formats a number with three significant digits. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 100) return value.toFixed(0);
  return value.toPrecision(3);
}

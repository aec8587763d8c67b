import type { Target } from '../targets/target.ts';
import type { Bench } from '../harness/bench.ts';
import { runTargets } from '../harness/run-targets.ts';
import type { Row } from '../report/row.ts';
import { catalogOf } from '../workloads/workload.ts';
import type { Workload } from '../workloads/workload.ts';
import type { LongRunPlan } from './plan.ts';

const TARGETS = ['tributary', 'apollo-gateway'];
/** Numbers of products whose response has about 8, 80 and 800 KB. */
const SIZES = [
  { name: 'growth-8', products: 25 },
  { name: 'growth-80', products: 250 },
  { name: 'growth-800', products: 2_500 },
];
// Just enough to saturate a core; more would saturate the load's core with the largest responses.
const CONNECTIONS = 8;

const workloads = SIZES.map(({ name, products }): Workload => ({
  name,
  operations: [catalogOf(products)],
}));

/** Measures growth of CPU per request divided by growth of the response: 1 is linear, less is better. */
export async function runGrowth(bench: Bench, plan: LongRunPlan): Promise<void> {
  for (const target of plan.targets.filter(({ name }) => TARGETS.includes(name))) {
    await growthOf(target, bench, plan);
  }
}

async function growthOf(target: Target, bench: Bench, plan: LongRunPlan): Promise<void> {
  const rows: Row[] = [];
  const onRow = (row: Row) => {
    rows.push(row);
    plan.onRow(row);
  };
  await runTargets(bench, {
    ...plan,
    workloads,
    targets: [target],
    connections: [CONNECTIONS],
    onRow,
  });
  rows.slice(1).forEach((row, index) => {
    const before = rows[index];
    if (before === undefined) return;
    const cpu = row.cpuMsPerRequest / before.cpuMsPerRequest;
    const bytes = row.bytes / before.bytes;
    plan.onMetric({
      name: row.workload,
      target: target.name,
      value: cpu / bytes,
      note: `CPU ×${cpu.toFixed(1)} for bytes ×${bytes.toFixed(1)}, ${before.bytes} → ${row.bytes}`,
    });
  });
}

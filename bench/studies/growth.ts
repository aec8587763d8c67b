import type { Contestant } from '../contestants/contestant.ts';
import type { Bench } from '../harness/bench.ts';
import { runContest } from '../harness/contest.ts';
import type { DetailedRow } from '../report/row.ts';
import { catalogOf } from '../workloads/workload.ts';
import type { Workload } from '../workloads/workload.ts';
import type { StudyPlan } from './study.ts';

const CONTESTANTS = ['tributary', 'apollo-gateway'];
/** Products that make about so many bytes. */
const SIZES = [
  { name: 'growth-8', products: 25 },
  { name: 'growth-80', products: 250 },
  { name: 'growth-800', products: 2_500 },
];
// A few at once, as many as keep a core busy: the largest answers fill the load's core otherwise.
const CONNECTIONS = 8;

const workloads = SIZES.map(({ name, products }): Workload => ({
  name,
  what: `${products} products with stock and estimate`,
  questions: [catalogOf(products)],
}));

/** How CPU per request follows the bytes of the answer: a value of 1 is in step with them, less is better. */
export async function runGrowth(bench: Bench, plan: StudyPlan): Promise<void> {
  for (const contestant of plan.contestants.filter(({ name }) => CONTESTANTS.includes(name))) {
    await growthOf(contestant, bench, plan);
  }
}

async function growthOf(contestant: Contestant, bench: Bench, plan: StudyPlan): Promise<void> {
  const rows: DetailedRow[] = [];
  const onRow = (row: DetailedRow) => {
    rows.push(row);
    plan.onRow(row);
  };
  await runContest(bench, {
    ...plan,
    workloads,
    contestants: [contestant],
    connections: [CONNECTIONS],
    onRow,
  });
  rows.slice(1).forEach((row, index) => {
    const before = rows[index];
    if (before === undefined) return;
    const cpu = row.cpuMsPerRequest / before.cpuMsPerRequest;
    const bytes = row.bytes / before.bytes;
    plan.onFigure({
      name: row.workload,
      contestant: contestant.name,
      value: cpu / bytes,
      note: `CPU ×${cpu.toFixed(1)} for bytes ×${bytes.toFixed(1)}, ${before.bytes} → ${row.bytes}`,
    });
  });
}

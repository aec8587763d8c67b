import type { Contestant, RunningContestant } from '../contestants/contestant.ts';
import type { DetailedRow, Refusal } from '../report/row.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Bench } from './bench.ts';

export type Plan = {
  readonly workloads: readonly Workload[];
  readonly contestants: readonly Contestant[];
  readonly connections: readonly number[];
  readonly measureMs: number;
  /** No measurement begins when this has passed, by `performance.now()`. */
  readonly endsAt: number;
  readonly onRow: (row: DetailedRow) => void;
  readonly onRefusal: (refusal: Refusal) => void;
};

const WARM_CONNECTIONS = 50;
const WARM_MS = 2_000;
const SETTLE_MS = 200;

/** Runs the contestants one after the other, each through all workloads. */
export async function runContest(bench: Bench, plan: Plan): Promise<void> {
  for (const contestant of plan.contestants) {
    const workloads = plan.workloads.filter(({ name }) => contestant.workloads?.includes(name) ?? true);
    if (workloads.length > 0) await runContestant(bench, contestant, { ...plan, workloads });
  }
}

async function runContestant(bench: Bench, contestant: Contestant, plan: Plan): Promise<void> {
  try {
    assertTimeLeft(plan);
    await using gateway = await contestant.start(bench.stage);
    for (const workload of plan.workloads) await runWorkload(bench, { contestant, gateway, workload }, plan);
  } catch (error) {
    for (const { name } of plan.workloads) {
      plan.onRefusal({
        workload: name,
        contestant: contestant.name,
        reason: `not started: ${reasonOf(error)}`,
      });
    }
  }
}

type Turn = {
  readonly contestant: Contestant;
  readonly gateway: RunningContestant;
  readonly workload: Workload;
};

async function runWorkload(bench: Bench, turn: Turn, plan: Plan): Promise<void> {
  const { contestant, gateway, workload } = turn;
  const refuse = (error: unknown, connections?: number) =>
    plan.onRefusal({
      workload: workload.name,
      contestant: contestant.name,
      reason: reasonOf(error),
      ...(connections !== undefined && { connections }),
    });
  try {
    assertTimeLeft(plan);
    const exchanges = await bench.check(gateway, workload);
    // Compiled by the JIT before it is measured, whatever the number of connections is.
    await bench.run(gateway, exchanges, {
      connections: WARM_CONNECTIONS,
      settleMs: 0,
      measureMs: Math.min(plan.measureMs, WARM_MS),
    });
    for (const connections of plan.connections) {
      const interval = { connections, settleMs: SETTLE_MS, measureMs: plan.measureMs };
      await bench.measure({ ...turn, exchanges }, interval).then(plan.onRow, (error: unknown) => {
        refuse(error, connections);
      });
    }
  } catch (error) {
    refuse(error);
  }
}

/** A machine that is too busy for the whole contest does not make it longer than was promised. */
export function assertTimeLeft({ endsAt }: Pick<Plan, 'endsAt'>): void {
  if (performance.now() > endsAt) throw new Error('the run has used up its time');
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

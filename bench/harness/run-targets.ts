import { messageOf } from '../../router/shared/error-message.ts';
import type { Target, RunningTarget } from '../targets/target.ts';
import type { Row, Failure } from '../report/row.ts';
import { digits } from '../report/table.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Bench, Interval } from './bench.ts';

export type Plan = {
  readonly workloads: readonly Workload[];
  readonly targets: readonly Target[];
  readonly connections: readonly number[];
  readonly measureMs: number;
  /** Time by `performance.now()` after which no measurement starts. */
  readonly endsAt: number;
  readonly onRow: (row: Row) => void;
  readonly onFailure: (failure: Failure) => void;
};

const WARM_CONNECTIONS = 50;
const WARM_MS = 1_500;
/** Estimated time from the start of a gateway until it is warm. */
const START_MS = 6_000;
/** Warm-up of every workload but the first: most of the code is warm by then. */
const REWARM_MS = 700;
const SETTLE_MS = 200;
/** Estimated time around an interval: settling, checking, warming up, last responses. */
const OVERHEAD_MS = 1_300;
const LONGEST_MS = 8_000;

/** Measures the targets in turn, each with all workloads. */
export async function runTargets(bench: Bench, plan: Plan): Promise<void> {
  const turns = plan.targets
    .map((target) => ({
      target,
      workloads: plan.workloads.filter(({ name }) => target.workloads?.includes(name) ?? true),
    }))
    .filter(({ workloads }) => workloads.length > 0);
  const budget = new TimeBudget(plan);
  for (const { workloads } of turns)
    budget.reserve({ starts: 1, intervals: intervalsOf({ ...plan, workloads }) });
  for (const { target, workloads } of turns) {
    budget.reserve({ starts: -1, intervals: 0 });
    await runTarget(bench, target, { ...plan, workloads, budget });
  }
}

function intervalsOf({ workloads, connections }: Plan): number {
  return workloads.length * connections.length;
}

/** Allots time: slow targets may exceed their interval only by time that the others do not need. */
class TimeBudget {
  readonly #endsAt: number;
  readonly #intervalMs: number;
  #reservedMs = 0;

  constructor({ endsAt, measureMs }: Pick<Plan, 'endsAt' | 'measureMs'>) {
    this.#endsAt = endsAt;
    this.#intervalMs = measureMs + OVERHEAD_MS;
  }

  /** Negative numbers release reserved time. */
  reserve({ starts, intervals }: { readonly starts: number; readonly intervals: number }): void {
    this.#reservedMs += starts * START_MS + intervals * this.#intervalMs;
  }

  /** Starts a reserved interval and returns its maximum duration. */
  next(): number {
    this.reserve({ starts: 0, intervals: -1 });
    const left = this.#endsAt - performance.now() - this.#reservedMs;
    return Math.min(LONGEST_MS, Math.max(0, left));
  }
}

type TargetPlan = Plan & { readonly budget: TimeBudget };

async function runTarget(bench: Bench, target: Target, plan: TargetPlan): Promise<void> {
  try {
    assertTimeLeft(plan);
    await using gateway = await target.start(bench.environment);
    for (const workload of plan.workloads) await runWorkload(bench, { target, gateway, workload }, plan);
  } catch (error) {
    plan.budget.reserve({ starts: 0, intervals: -intervalsOf(plan) });
    for (const { name } of plan.workloads) {
      plan.onFailure({
        workload: name,
        target: target.name,
        reason: `not started: ${messageOf(error)}`,
      });
    }
  }
}

type Turn = {
  readonly target: Target;
  readonly gateway: RunningTarget;
  readonly workload: Workload;
};

async function runWorkload(bench: Bench, turn: Turn, plan: TargetPlan): Promise<void> {
  const { target, gateway, workload } = turn;
  const fail = (error: unknown, connections?: number) =>
    plan.onFailure({
      workload: workload.name,
      target: target.name,
      reason: messageOf(error),
      ...(connections !== undefined && { connections }),
    });
  try {
    assertTimeLeft(plan);
    const exchanges = await bench.check(gateway, workload);
    await bench.run(gateway, exchanges, warmUp(turn, plan));
    let rps: number | undefined;
    for (const connections of plan.connections) {
      const isLast = workload === plan.workloads.at(-1) && connections === plan.connections.at(-1);
      const longestMs = plan.budget.next();
      const interval = { connections, settleMs: SETTLE_MS, measureMs: plan.measureMs, longestMs, isLast };
      try {
        assertServable(connections, rps);
        const row = await bench.measure({ ...turn, exchanges }, interval);
        rps = row.rps;
        plan.onRow(row);
      } catch (error) {
        fail(error, connections);
      }
    }
  } catch (error) {
    plan.budget.reserve({ starts: 0, intervals: -plan.connections.length });
    fail(error);
  }
}

/** Rejects a number of connections that the target cannot serve once within an interval. */
function assertServable(connections: number, rps = Number.POSITIVE_INFINITY): void {
  const seconds = connections / rps;
  if (seconds * 1_000 <= LONGEST_MS) return;
  throw new Error(`at ${digits(rps)} requests/s, ${connections} at once would take ${digits(seconds)} s`);
}

/** An interval in which the JIT compiles the hot code before the measurement. */
function warmUp({ workload }: Turn, { workloads, measureMs }: Plan): Interval {
  const isFirst = workload === workloads[0];
  return {
    connections: WARM_CONNECTIONS,
    settleMs: 0,
    measureMs: Math.min(measureMs, isFirst ? WARM_MS : REWARM_MS),
  };
}

/** Keeps the promised length of a run on a busy machine. @throws {Error} if its time has passed */
export function assertTimeLeft({ endsAt }: Pick<Plan, 'endsAt'>): void {
  if (performance.now() > endsAt) throw new Error('the run has used up its time');
}

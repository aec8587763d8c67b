import { messageOf } from '../../router/error-message.ts';
import type { Contestant, RunningContestant } from '../contestants/contestant.ts';
import type { DetailedRow, Refusal } from '../report/row.ts';
import { digits } from '../report/table.ts';
import type { Workload } from '../workloads/workload.ts';
import type { Bench, Interval } from './bench.ts';

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
const WARM_MS = 1_500;
/** From the start of a gateway until it is warm. */
const START_MS = 6_000;
/** For the workloads after the first: most of the code is warm by then. */
const REWARM_MS = 700;
const SETTLE_MS = 200;
/** What goes on around an interval: settling, checking and warming up, last answers. */
const OVERHEAD_MS = 1_300;
const LONGEST_MS = 8_000;

/** Runs the contestants one after the other, each through all workloads. */
export async function runContest(bench: Bench, plan: Plan): Promise<void> {
  const turns = plan.contestants
    .map((contestant) => ({
      contestant,
      workloads: plan.workloads.filter(({ name }) => contestant.workloads?.includes(name) ?? true),
    }))
    .filter(({ workloads }) => workloads.length > 0);
  const clock = new Clock(plan);
  for (const { workloads } of turns)
    clock.expect({ starts: 1, intervals: intervalsOf({ ...plan, workloads }) });
  for (const { contestant, workloads } of turns) {
    clock.expect({ starts: -1, intervals: 0 });
    await runContestant(bench, contestant, { ...plan, workloads, clock });
  }
}

function intervalsOf({ workloads, connections }: Plan): number {
  return workloads.length * connections.length;
}

/** Slow contestants take the time that is left over; what the others still need is kept for them. */
class Clock {
  readonly #endsAt: number;
  readonly #intervalMs: number;
  #reservedMs = 0;

  constructor({ endsAt, measureMs }: Pick<Plan, 'endsAt' | 'measureMs'>) {
    this.#endsAt = endsAt;
    this.#intervalMs = measureMs + OVERHEAD_MS;
  }

  /** Negative numbers take back what was expected. */
  expect({ starts, intervals }: { readonly starts: number; readonly intervals: number }): void {
    this.#reservedMs += starts * START_MS + intervals * this.#intervalMs;
  }

  /** Begins an expected interval. Returns how long it may go on, at the most. */
  next(): number {
    this.expect({ starts: 0, intervals: -1 });
    const left = this.#endsAt - performance.now() - this.#reservedMs;
    return Math.min(LONGEST_MS, Math.max(0, left));
  }
}

type ContestantPlan = Plan & { readonly clock: Clock };

async function runContestant(bench: Bench, contestant: Contestant, plan: ContestantPlan): Promise<void> {
  try {
    assertTimeLeft(plan);
    await using gateway = await contestant.start(bench.stage);
    for (const workload of plan.workloads) await runWorkload(bench, { contestant, gateway, workload }, plan);
  } catch (error) {
    plan.clock.expect({ starts: 0, intervals: -intervalsOf(plan) });
    for (const { name } of plan.workloads) {
      plan.onRefusal({
        workload: name,
        contestant: contestant.name,
        reason: `not started: ${messageOf(error)}`,
      });
    }
  }
}

type Turn = {
  readonly contestant: Contestant;
  readonly gateway: RunningContestant;
  readonly workload: Workload;
};

async function runWorkload(bench: Bench, turn: Turn, plan: ContestantPlan): Promise<void> {
  const { contestant, gateway, workload } = turn;
  const refuse = (error: unknown, connections?: number) =>
    plan.onRefusal({
      workload: workload.name,
      contestant: contestant.name,
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
      const longestMs = plan.clock.next();
      const interval = { connections, settleMs: SETTLE_MS, measureMs: plan.measureMs, longestMs, isLast };
      try {
        assertAnswerable(connections, rps);
        const row = await bench.measure({ ...turn, exchanges }, interval);
        rps = row.rps;
        plan.onRow(row);
      } catch (error) {
        refuse(error, connections);
      }
    }
  } catch (error) {
    plan.clock.expect({ starts: 0, intervals: -plan.connections.length });
    refuse(error);
  }
}

/** What cannot end in time only makes the others wait, since it has to end before they are measured. */
function assertAnswerable(connections: number, rps = Number.POSITIVE_INFINITY): void {
  const seconds = connections / rps;
  if (seconds * 1_000 <= LONGEST_MS) return;
  throw new Error(`at ${digits(rps)} requests/s, ${connections} at once would take ${digits(seconds)} s`);
}

/** Compiled by the JIT before it is measured, whatever the number of connections is. */
function warmUp({ workload }: Turn, { workloads, measureMs }: Plan): Interval {
  const isFirst = workload === workloads[0];
  return {
    connections: WARM_CONNECTIONS,
    settleMs: 0,
    measureMs: Math.min(measureMs, isFirst ? WARM_MS : REWARM_MS),
  };
}

/** A machine that is too busy for the whole contest does not make it longer than was promised. */
export function assertTimeLeft({ endsAt }: Pick<Plan, 'endsAt'>): void {
  if (performance.now() > endsAt) throw new Error('the run has used up its time');
}

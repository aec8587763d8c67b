import { messageOf } from '../../router/shared/error-message.ts';
import type { Bench } from '../harness/bench.ts';
import { readCost } from '../harness/process-cost.ts';
import { mixedOperations } from '../workloads/mixed-operations.ts';
import type { LongRunPlan } from './plan.ts';

const TARGET = 'tributary-full';
const OPERATIONS = 1_000;
const CONNECTIONS = 50;
/** Time until all operations have been planned and the heap has its size under this load. */
const START_MS = 15_000;

/**
 * Measures memory at the end of a mixed load divided by memory at its start. The start is when each operation
 * has been executed several times, because the cache of 1,000 operations is not a leak.
 */
export async function runMemory(bench: Bench, plan: LongRunPlan): Promise<void> {
  const names = plan.targets.map(({ name }) => name);
  const chosen = names.length === 1 ? names[0] : TARGET;
  const target = plan.targets.find(({ name }) => name === chosen);
  if (target === undefined) return;
  const workload = {
    name: 'memory',
    operations: mixedOperations(OPERATIONS),
  };
  try {
    await using gateway = await target.start(bench.environment);
    const idleMb = readCost(gateway.pid).rssMb;
    const exchanges = await bench.check(gateway, workload);
    const begin = { connections: CONNECTIONS, settleMs: 0, measureMs: START_MS };
    const start = await bench.measure({ workload, target, gateway, exchanges }, begin);
    const startMb = readCost(gateway.pid).rssMb;
    plan.onRow(start);
    const interval = { ...begin, measureMs: plan.minutes * 60_000 };
    plan.onRow(await bench.measure({ workload, target, gateway, exchanges }, interval));
    const endMb = readCost(gateway.pid).rssMb;
    plan.onMetric({
      name: 'memory',
      target: target.name,
      value: endMb / startMb,
      note: `${endMb.toFixed(0)} MB after ${plan.minutes} min of ${OPERATIONS} operations, ${startMb.toFixed(0)} MB at their start, ${idleMb.toFixed(0)} MB before the first`,
    });
  } catch (error) {
    plan.onFailure({ workload: 'memory', target: target.name, reason: messageOf(error) });
  }
}

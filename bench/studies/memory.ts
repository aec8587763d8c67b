import { messageOf } from '../../router/error-message.ts';
import type { Bench } from '../harness/bench.ts';
import { readCost } from '../harness/process-cost.ts';
import { mixedOperations } from '../workloads/mixed-operations.ts';
import type { StudyPlan } from './study.ts';

const CONTESTANT = 'tributary-full';
const OPERATIONS = 1_000;
const CONNECTIONS = 50;
/** After which all operations have been planned, and the heap has the size it wants under this load. */
const START_MS = 15_000;

/**
 * Memory at the end of a mixed load over its memory at the start. The start is when each operation has been asked
 * several times: what the caches hold of 1,000 operations is no leak.
 */
export async function runMemory(bench: Bench, plan: StudyPlan): Promise<void> {
  const names = plan.contestants.map(({ name }) => name);
  const chosen = names.length === 1 ? names[0] : CONTESTANT;
  const contestant = plan.contestants.find(({ name }) => name === chosen);
  if (contestant === undefined) return;
  const workload = {
    name: 'memory',
    what: `${OPERATIONS} operations`,
    questions: mixedOperations(OPERATIONS),
  };
  try {
    await using gateway = await contestant.start(bench.stage);
    const idleMb = readCost(gateway.pid).rssMb;
    const exchanges = await bench.check(gateway, workload);
    const begin = { connections: CONNECTIONS, settleMs: 0, measureMs: START_MS };
    const start = await bench.measure({ workload, contestant, gateway, exchanges }, begin);
    const startMb = readCost(gateway.pid).rssMb;
    plan.onRow(start);
    const interval = { ...begin, measureMs: plan.minutes * 60_000 };
    plan.onRow(await bench.measure({ workload, contestant, gateway, exchanges }, interval));
    const endMb = readCost(gateway.pid).rssMb;
    plan.onFigure({
      name: 'memory',
      contestant: contestant.name,
      value: endMb / startMb,
      note: `${endMb.toFixed(0)} MB after ${plan.minutes} min of ${OPERATIONS} operations, ${startMb.toFixed(0)} MB at their start, ${idleMb.toFixed(0)} MB before the first`,
    });
  } catch (error) {
    plan.onRefusal({ workload: 'memory', contestant: contestant.name, reason: messageOf(error) });
  }
}

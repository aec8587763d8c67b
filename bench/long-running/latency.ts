import { messageOf } from '../../router/shared/error-message.ts';
import type { RunningTarget } from '../targets/target.ts';
import type { Bench } from '../harness/bench.ts';
import { assertTimeLeft } from '../harness/run-targets.ts';
import { sendOnce } from '../harness/check.ts';
import type { Exchange } from '../load/closed-loop.ts';
import type { ReplayedCall } from '../subgraphs/replay.ts';
import { WORKLOADS } from '../workloads/workload.ts';
import type { LongRunPlan } from './plan.ts';

const CALL_MS = 300;
const SETTLE_MS = 100;
/** The latency of other targets follows from their CPU per request. */
const TARGETS = [
  'tributary',
  'tributary-full',
  'apollo-gateway',
  'hive-gateway',
  'grafbase',
  'aggregator-lean',
];

/**
 * Measures the latency that a gateway adds to the order page at one connection: its p50 minus that of its own
 * subgraph calls, sent directly by the load. The slowest path is the first call and the slowest of the calls
 * that wait for it.
 */
export async function runLatency(bench: Bench, plan: LongRunPlan): Promise<void> {
  const workload = WORKLOADS.find(({ name }) => name === 'order-page');
  if (workload === undefined) return;
  for (const target of plan.targets.filter(({ name }) => TARGETS.includes(name))) {
    try {
      assertTimeLeft(plan);
      await using gateway = await target.start(bench.environment);
      const exchanges = await bench.check(gateway, workload);
      await bench.run(gateway, exchanges, { connections: 50, settleMs: 0, measureMs: plan.measureMs });
      const interval = { connections: 1, settleMs: SETTLE_MS, measureMs: plan.measureMs };
      const row = await bench.measure(
        { workload: { ...workload, name: 'latency' }, target, gateway, exchanges },
        interval,
      );
      plan.onRow(row);
      const path = await slowestPath(bench, gateway, exchanges);
      plan.onMetric({
        name: 'latency',
        target: target.name,
        value: row.p50Ms - path.ms,
        note: `ms; p50 ${row.p50Ms} less ${path.ms.toFixed(3)} for ${path.calls}`,
      });
    } catch (error) {
      plan.onFailure({ workload: 'latency', target: target.name, reason: messageOf(error) });
    }
  }
}

async function slowestPath(bench: Bench, gateway: RunningTarget, exchanges: readonly Exchange[]) {
  await bench.subgraphs.call('lastCalls');
  await sendOnce(gateway.port, exchanges[0]?.request ?? '');
  const calls = await bench.subgraphs.call('lastCalls');
  const timed = [];
  for (const call of calls) timed.push({ ...call, ms: await timeCall(bench, gateway, call) });
  const [first, ...others] = timed;
  const slowest = others.toSorted((a, b) => b.ms - a.ms)[0];
  return {
    ms: (first?.ms ?? 0) + (slowest?.ms ?? 0),
    calls: [first, slowest].flatMap((call) => (call === undefined ? [] : [call.subgraph])).join(' → '),
  };
}

async function timeCall(
  bench: Bench,
  gateway: RunningTarget,
  { subgraph, body }: ReplayedCall,
): Promise<number> {
  const port = Number(new URL(bench.environment.urls[subgraph]).port);
  const length = Buffer.byteLength(body, 'latin1');
  const request = `POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`;
  const expected = await sendOnce(port, request);
  const direct = { ...gateway, port };
  const { p50Ms } = await bench.run(direct, [{ request, expected }], {
    connections: 1,
    settleMs: SETTLE_MS,
    measureMs: CALL_MS,
  });
  return p50Ms;
}

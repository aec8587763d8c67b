import { monitorEventLoopDelay } from 'node:perf_hooks';
import { serialize, deserialize } from 'node:v8';
import { composed } from '../../test/differential/compose.ts';
import { createPlanner } from '../../router/planning/planner.ts';
import type { PlanOutcome } from '../../router/planning/planner.ts';

/** How long the main thread is held up while it has 100 unseen operations planned. `node bench/micro/planning.ts` */

const OPERATIONS = 100;
const SERVICES = 6;

/** A chain of entities, each field of which sits in a subgraph of its own. */
const supergraphSdl = composed(
  Object.fromEntries(
    Array.from({ length: SERVICES }, (_, service) => [
      `service${service}`,
      `
        type Query { root${service}: [Node!]! }
        type Node @key(fields: "id") {
          id: ID!
          name${service}: String
          next${service}(first: Int): [Node!]!
        }
      `,
    ]),
  ),
);

function unseenOperation(index: number): string {
  const selection = (depth: number): string =>
    depth === 0
      ? 'id'
      : Array.from({ length: SERVICES }, (_, s) => `name${s}`).join(' ') +
        ` a${index}: next${(index + depth) % SERVICES}(first: ${index}) { ${selection(depth - 1)} }` +
        ` b: next${(index * 5 + depth) % SERVICES} { ${selection(depth - 1)} }`;
  return `{ root${index % SERVICES} { ${selection(4)} } }`;
}

type Delays = { readonly p99Ms: number; readonly maxMs: number; readonly tookMs: number };

async function delays(work: () => Promise<unknown>): Promise<Delays> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  const begin = performance.now();
  monitor.enable();
  await work();
  monitor.disable();
  return {
    p99Ms: monitor.percentile(99) / 1e6,
    maxMs: monitor.max / 1e6,
    tookMs: performance.now() - begin,
  };
}

function medianMs(repeat: () => void): string {
  const times = Array.from({ length: 50 }, () => {
    const begin = performance.now();
    repeat();
    return performance.now() - begin;
  }).sort((a, b) => a - b);
  return (times[25] ?? 0).toFixed(3);
}

const startedAt = performance.now();
await using planner = await createPlanner({ supergraphSdl, timeoutMs: 60_000 });
console.log(`ready after ${(performance.now() - startedAt).toFixed(0)} ms`);

const outcomes: PlanOutcome[] = [];
const measured = await delays(async () => {
  const operations = Array.from({ length: OPERATIONS }, (_, index) => ({
    document: unseenOperation(index),
    operationName: undefined,
  }));
  outcomes.push(...(await Promise.all(operations.map((operation) => planner.plan(operation)))));
});
const plans = outcomes.flatMap((outcome) => (outcome.kind === 'planned' ? [outcome.plan] : []));
console.log(`${plans.length} of ${OPERATIONS} operations planned in ${measured.tookMs.toFixed(0)} ms`);
console.log(`event-loop delay: p99 ${measured.p99Ms.toFixed(2)} ms, worst ${measured.maxMs.toFixed(2)} ms`);

const [largest] = plans.map((plan) => JSON.stringify(plan)).sort((a, b) => b.length - a.length);
if (largest !== undefined) {
  const clone = serialize(JSON.parse(largest));
  console.log(`largest plan: ${(largest.length / 1024).toFixed(0)} KB of JSON`);
  console.log(`  main thread, JSON.parse        ${medianMs(() => JSON.parse(largest))} ms`);
  console.log(`  main thread, structured clone  ${medianMs(() => deserialize(clone))} ms`);
}

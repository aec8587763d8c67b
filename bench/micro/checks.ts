// `node bench/micro/checks.ts [SUBGRAPHS] [OPERATIONS]` checks a change of a large generated graph, as a
// registry does: composition, effects on operations, plans before and after, lint. It prints time, CPU time
// and the highest resident memory of the process with its threads, for a change that reaches few plans,
// one that reaches all, and one whose earlier plans are cached.
import { availableParallelism } from 'node:os';
import { check } from '../../checks/check.ts';
import type { PlannedOperation } from '../../checks/plans/plan-operations.ts';
import { compose } from '../../router/supergraph/compose.ts';
import type { SubgraphSchema } from '../../router/supergraph/compose.ts';
import { readCost, resetPeak } from '../harness/process-cost.ts';
import { generateLargeGraph } from './large-graph.ts';

const [subgraphs = 50, count = 5_000] = process.argv.slice(2).map(Number);
const graph = generateLargeGraph({ subgraphs, entitiesPerSubgraph: 4 });
const operations = Array.from({ length: count }, (_, index) => ({
  id: `operation-${index}`,
  body: graph.operation(index),
}));
const before = supergraphOf(graph.subgraphs);
const added = {
  name: 'added',
  url: 'http://added.example/graphql',
  sdl: 'type Query { added: String }',
  place: 'added.graphql',
};

console.log(
  `${subgraphs} subgraphs, ${before.length} characters, ${count} operations, ${availableParallelism()} cores`,
);
const plans = new Map<string, PlannedOperation>();
await measure('a field moves', graph.moved, plans);
await measure('a field moves, with cached plans', graph.moved, plans);
await measure('a subgraph is added', [...graph.subgraphs, added], new Map());

async function measure(
  name: string,
  changed: readonly SubgraphSchema[],
  cache: Map<string, PlannedOperation>,
): Promise<void> {
  resetPeak(process.pid);
  const start = performance.now();
  const { cpuMs } = readCost(process.pid);
  const report = await check(
    { before, after: { subgraphs: changed }, operations },
    { now: Date.now, plans: cache },
  );
  const cost = readCost(process.pid);
  const planned = report.operations.flatMap(({ plan }) => plan ?? []);
  const slower = planned.filter(({ callsBefore, callsAfter }) => callsAfter > callsBefore);
  const calls = planned.reduce((sum, { callsBefore }) => sum + callsBefore, 0) / planned.length;
  console.log(
    `${name}: ${((performance.now() - start) / 1000).toFixed(1)} s, ` +
      `${((cost.cpuMs - cpuMs) / 1000).toFixed(1)} s CPU, ${cost.peakRssMb.toFixed(0)} MB; ` +
      `${planned.length} planned, ${calls.toFixed(1)} calls each, ${slower.length} slower`,
  );
}

function supergraphOf(schemas: readonly SubgraphSchema[]): string {
  const composed = compose(schemas);
  if (composed.kind === 'failed') throw new Error(composed.findings[0]?.message ?? 'no reason');
  return composed.supergraphSdl;
}

// `node bench/micro/merged-fetches.ts [ROUNDS]` prints, with and without merged fetches: calls per execution,
// milliseconds of one execution at a time, and CPU milliseconds of the caller with ten in flight. Calls over
// loopback to another process, on and off alternately.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { Supergraph } from '@apollo/federation-internals';
import { parse } from 'graphql';
import { configSchema } from '../../router/config/config-schema.ts';
import { compileOperation } from '../../router/execution/compile/compile.ts';
import type { CompiledOperation } from '../../router/execution/compile/compile.ts';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import { CallHeaders, NO_HEADERS, NO_IDENTITY } from '../../router/request/call-headers.ts';
import type { Send } from '../../router/request/subgraph-request.ts';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createTimerQueue } from '../../router/subgraph/call/timer-queue.ts';
import { createSubgraphPool } from '../../router/subgraph/subgraph-pool.ts';
import { WIDE, reviewGraph } from './review-graph.ts';

const EXECUTIONS = 100;
const IN_FLIGHT = 10;
const rounds = Number(process.argv[2] ?? 30);

/** Several parallel fetches from the same service, as on a page with a few lists. */
const PAGE = `{
  me { reviews { product { name } } }
  users { reviews { product { price } } }
  topProducts { reviews { product { weight inStock } author { name } } }
}`;

const subgraphs = fork(new URL('merged-fetches-subgraphs.ts', import.meta.url));
const [origin] = (await once(subgraphs, 'message')) as [string];
const { supergraphSdl, schemas } = reviewGraph();
const supergraph = Supergraph.build(supergraphSdl);
const config = configSchema.parse({});
const upstream = createSubgraphPool(config.traffic, {
  telemetry: createTelemetry(config.telemetry, { destination: new PassThrough().resume() }),
  signer: { sign: () => ({}) },
  monotonic: () => performance.now(),
  random: Math.random,
  startTimer: createTimerQueue({ monotonic: () => performance.now(), schedule: scheduleTimer }),
});
const routes = upstream.forGeneration(
  new Map([...schemas.keys()].map((name) => [name, `${origin}/${name}`])),
);
const { signal } = new AbortController();
const headers = new CallHeaders(NO_HEADERS, NO_IDENTITY);
let calls = 0;

const send: Send = (request) => {
  calls += 1;
  return routes.send(request, { headers, deadline: performance.now() + 60_000 }, signal);
};

function compiled(document: string, mergesFetches: boolean): CompiledOperation {
  const planned = createOperationPlanner(supergraphSdl)({ document, operationName: undefined });
  if (planned.kind === 'rejected') throw new Error(planned.message);
  return compileOperation({
    apiSchema: supergraph.apiSchema().toGraphQLJSSchema(),
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    document: parse(document),
    mergesFetches,
    ...planned,
  });
}

type Sample = { readonly ms: number; readonly cpuMs: number; readonly calls: number };

async function run(operation: CompiledOperation, inFlight: number): Promise<void> {
  let left = EXECUTIONS;
  const caller = async (): Promise<void> => {
    while ((left -= 1) >= 0) {
      const { errors } = await executeCompiled(operation, { variables: {}, send, signal });
      if (errors.length > 0) throw new Error(JSON.stringify(errors[0]));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
}

async function measure(operation: CompiledOperation): Promise<Sample> {
  const started = performance.now();
  await run(operation, 1);
  const ms = (performance.now() - started) / EXECUTIONS;
  const before = process.cpuUsage();
  calls = 0;
  await run(operation, IN_FLIGHT);
  const { user, system } = process.cpuUsage(before);
  return { ms, cpuMs: (user + system) / 1000 / EXECUTIONS, calls: calls / EXECUTIONS };
}

const subjects = Object.entries({ wide: WIDE, page: PAGE }).flatMap(([name, document]) =>
  [false, true].map((merges) => ({
    name: `${name}, ${merges ? 'merged' : 'one by one'}`,
    operation: compiled(document, merges),
    samples: [] as Sample[],
  })),
);
for (let round = -5; round < rounds; round += 1) {
  for (const { operation, samples } of subjects) {
    const sample = await measure(operation);
    // The first rounds are for warming up.
    if (round >= 0) samples.push(sample);
  }
}
for (const { name, samples } of subjects) {
  const best = (of: (sample: Sample) => number) => Math.min(...samples.map(of)).toFixed(3);
  const perExecution = samples.reduce((sum, sample) => sum + sample.calls, 0) / samples.length;
  console.log(
    `${name}: ${perExecution.toFixed(1)} calls, ${best(({ ms }) => ms)} ms, ${best(({ cpuMs }) => cpuMs)} ms CPU`,
  );
}
subgraphs.kill();
process.exit();

// `node bench/micro/execution.ts [ROUNDS]` prints milliseconds of CPU per execution, without its calls.
import { Supergraph } from '@apollo/federation-internals';
import { execute, parse } from 'graphql';
import { compileOperation } from '../../router/execution/compile/compile.ts';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import type { Send, SubgraphRequest } from '../../router/request/subgraph-request.ts';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import { WIDE, reviewGraph } from './review-graph.ts';

const { supergraphSdl, schemas } = reviewGraph();
const supergraph = Supergraph.build(supergraphSdl);
const planned = createOperationPlanner(supergraphSdl)({ document: WIDE, operationName: undefined });
if (planned.kind === 'rejected') throw new Error(planned.message);

const operation = compileOperation({
  apiSchema: supergraph.apiSchema().toGraphQLJSSchema(),
  supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
  document: parse(WIDE),
  ...planned,
});

const { signal } = new AbortController();
const responses = new Map<string, string>();

async function fetchFrom({ subgraph, body }: SubgraphRequest): Promise<string> {
  const schema = schemas.get(subgraph);
  if (schema === undefined) throw new Error(`no subgraph ${subgraph}`);
  const { query, variables } = JSON.parse(body);
  return JSON.stringify(await execute({ schema, document: parse(query), variableValues: variables }));
}

const record: Send = async (request) => {
  const text = await fetchFrom(request);
  responses.set(request.body, text);
  return { kind: 'received', errors: [], ...JSON.parse(text) };
};

/** Returns responses that were parsed before the measurement. */
function replay(): Send {
  const parsed = new Map(
    [...responses].map(([body, text]) => [body, { kind: 'received', errors: [], ...JSON.parse(text) }]),
  );
  return (request) => Promise.resolve(parsed.get(request.body));
}

async function measure(rounds: number): Promise<number> {
  let microseconds = 0;
  for (let round = 0; round < rounds; round += 1) {
    const send = replay();
    const before = process.threadCpuUsage();
    await executeCompiled(operation, { variables: {}, send, signal });
    const { user, system } = process.threadCpuUsage(before);
    microseconds += user + system;
  }
  return microseconds / rounds / 1000;
}

const first = await executeCompiled(operation, { variables: {}, send: record, signal });
if (first.errors.length > 0) throw new Error(JSON.stringify(first.errors[0]));
console.log(
  `${responses.size} distinct calls, ${operation.plan.fetches.length} fetches, ${Buffer.byteLength(first.data)} bytes`,
);
const rounds = Number(process.argv[2] ?? 500);
for (let pass = 0; pass < 6; pass += 1) console.log(`${(await measure(rounds)).toFixed(3)} ms`);

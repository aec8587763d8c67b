import { getHeapStatistics } from 'node:v8';
import type { GraphQLSchema } from 'graphql';
import type { Graph } from './apollo/describe-graph.ts';
import { createReadDocument } from './apollo/read-document.ts';
import { startApolloServer } from './apollo/server.ts';
import type { ConfiguredStages } from './wiring/configured-stages.ts';
import type { Config } from './config/config-schema.ts';
import { executeCompiled } from './execution/run/execute.ts';
import type { LoadShedding } from './load-shedding/load-shedding.ts';
import type { OperationCacheLimits } from './operation/operation-cache.ts';
import { createOperations, warm } from './operation/operations.ts';
import { NEVER_CANCELLED } from './request/cancel-signal.ts';
import type { Operations } from './operation/operations.ts';
import type { RejectedOperations } from './rollout/rejected-operations.ts';
import { withoutPlannerMessages } from './planning/masked-planner.ts';
import type { createPlanner } from './planning/planner.ts';
import { composeSend } from './subgraph/send-chain.ts';
import type { SendForCaller } from './subgraph/send-chain.ts';
import type { Routes, SubgraphPool } from './subgraph/subgraph-pool.ts';
import { acceptSupergraph } from './supergraph/acceptance/accept-supergraph.ts';
import type { AcceptedContract } from './supergraph/acceptance/accept-supergraph.ts';
import { formatFinding } from './supergraph/finding.ts';
import type { GenerationsParts } from './supergraph/generations.ts';
import type { Supergraph } from './supergraph/supergraph-source.ts';
import type { Telemetry } from './telemetry/telemetry.ts';

/**
 * Everything that was built for one supergraph version (a generation). Each request holds a lease on the
 * generation that handles it; the generation is disposed after its last lease is released.
 */
export type Generation = AsyncDisposable & {
  readonly supergraph: Supergraph;
  readonly graph: Graph;
  /**
   * Prepared (parsed, validated and planned) operations on the whole graph. Operations on a contract (a part
   * of the graph for some clients) are in `contracts`.
   */
  readonly operations: Operations;
  /** Prepared operations on contracts (parts of the graph for some clients), by the name of the contract. */
  readonly contracts: ReadonlyMap<string, Operations>;
  /** The schemas of contracts (parts of the graph for some clients), by the name of the contract. */
  readonly contractSchemas: ReadonlyMap<string, GraphQLSchema>;
  /**
   * Sends calls to the subgraphs of this supergraph version. Equal calls in flight are shared only within one
   * version, because another version may have another URL for a subgraph.
   */
  readonly send: SendForCaller;
  /** URLs of the subgraphs for this supergraph version; another version may have other URLs. */
  readonly routes: Routes;
  /**
   * Number that identifies the group of running supergraph versions which share circuit breakers and
   * connections to subgraphs.
   */
  readonly group: number;
  /** Returns how often circuit breakers of this supergraph's subgraphs have opened. */
  readonly breakerOpenings: () => number;
  /**
   * Functions for the stages of a request, such as authorization and execution, created from the
   * configuration with which this generation was built.
   */
  readonly stages: ConfiguredStages;
  /**
   * Number of the previous supergraph's most used operations that are planned before the new supergraph is
   * activated.
   */
  readonly warmOperations: number;
};

export type GenerationParts = {
  readonly telemetry: Telemetry;
  readonly subgraphPool: SubgraphPool;
  readonly monotonic: () => number;
  readonly onFullHeap: LoadShedding['onFullHeap'];
  readonly createPlanner: typeof createPlanner;
  readonly stages: ConfiguredStages;
  /**
   * Number that identifies a group of running supergraph versions. The new version shares circuit breakers
   * and connections to subgraphs with the versions of this group.
   */
  readonly group: number;
};

/**
 * Builds everything that depends on the version of the supergraph and on the configuration.
 * @throws {SupergraphRejected} or {ConfigError} with the reasons why the supergraph cannot be served
 */
export async function buildGeneration(
  supergraph: Supergraph,
  config: Config,
  parts: GenerationParts,
): Promise<Generation> {
  const { telemetry, subgraphPool, monotonic, onFullHeap, stages } = parts;
  await using built = new AsyncDisposableStack();
  const accepted = await acceptSupergraph(supergraph, config, parts.createPlanner);
  const { graph, servableSdl, warnings } = accepted;
  built.use(accepted.planner);
  const routes = built.use(
    subgraphPool.forGeneration(graph.routes, {
      traffic: config.traffic,
      keepHeaders: stages.keepsHeaders,
      group: parts.group,
    }),
  );
  const serve = async (contract?: AcceptedContract) => {
    const server = await startApolloServer(
      contract === undefined
        ? { supergraphSdl: servableSdl }
        : { schema: contract.graph.introspection.schema },
      config,
      telemetry,
    );
    built.defer(() => server.stop());
    const served = createOperations({
      ...accepted,
      ...contract,
      planner: contract === undefined ? accepted.planner : withoutPlannerMessages(accepted.planner),
      isContract: contract !== undefined,
      readDocument: createReadDocument(server, config.limits),
      cache: cacheLimits(config),
      hideSuggestions: config.mode === 'production',
      mergesFetches: config.traffic.mergeFetches,
      planned: (ms, outcome) => telemetry.planned(ms, outcome),
      monotonic,
    });
    built.use(onFullHeap(() => served.evict()));
    return served;
  };
  const operations = await serve();
  const contracts = new Map<string, Operations>();
  for (const [name, contract] of accepted.contracts) contracts.set(name, await serve(contract));
  const deviations = [...warnings.map(formatFinding), ...accepted.unpublished];
  if (deviations.length > 0)
    telemetry.supergraphServedDifferently({ generation: graph.id, warnings: deviations });
  const send = composeSend(routes, {
    tracing: telemetry.tracing,
    deduplicates: config.traffic.deduplication.calls,
    deadlineMs: config.traffic.deadlineMs,
  });
  const owned = built.move();
  const { warmOperations } = config.supergraph;
  return {
    supergraph,
    graph,
    operations,
    contracts,
    contractSchemas: new Map([...accepted.contracts].map(([name, one]) => [name, one.graph.schema])),
    send,
    routes,
    group: parts.group,
    breakerOpenings: routes.breakerOpenings,
    stages,
    warmOperations,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/**
 * Divides the configured limits of the operation cache evenly among the cache of the whole graph and the
 * caches of its contracts (parts of the graph for some clients). With two contracts, each cache gets a third.
 */
function cacheLimits({ planning, graphs }: Pick<Config, 'planning' | 'graphs'>): OperationCacheLimits {
  const shares = 1 + Object.keys(graphs).length;
  const maxBytes = planning.cacheBytes ?? getHeapStatistics().heap_size_limit / 4;
  return { maxBytes: maxBytes / shares, maxEntries: Math.ceil(planning.cacheEntries / shares) };
}

/**
 * Checks a new supergraph version before clients may use it: executes a test query, and prepares the
 * operations that clients of the previous version use most.
 */
export async function smokeTest(next: Generation, previous: Generation | undefined): Promise<void> {
  const name = next.graph.schema.getQueryType()?.name;
  for (const operations of [next.operations, ...next.contracts.values()])
    await executeTestQuery(operations, name);
  if (previous === undefined) return;
  await warm(next.operations, previous.operations, next.warmOperations);
  for (const [contract, operations] of next.contracts) {
    const before = previous.contracts.get(contract);
    if (before !== undefined) await warm(operations, before, next.warmOperations);
  }
}

async function executeTestQuery(operations: Operations, queryType: string | undefined): Promise<void> {
  const operation = await operations.prepare('{ __typename }', undefined);
  const { data } = await executeCompiled(await operation.compiled([]), {
    variables: operation.coerce({}),
    send: () => Promise.reject(new Error('bug: the smoke test called a subgraph')),
    signal: NEVER_CANCELLED,
  });
  const expected = JSON.stringify({ __typename: queryType });
  if (data !== expected) throw new Error(`the response to the smoke test is ${data}`);
}

/**
 * Returns functions that detect operations which only the canary rejects as invalid. The canary is a new
 * supergraph version that a share of the callers uses. All other callers use the baseline.
 */
export function watchCanaries(rejected: RejectedOperations): GenerationsParts<Generation>['canaries'] {
  return {
    isRejectedOperation: rejected.includes,
    watch: (canary, baseline) => ({
      ...canary,
      operations: rejected.watch(canary.operations, () => baseline()?.operations),
      contracts: new Map(
        [...canary.contracts].map(([name, operations]) => [
          name,
          rejected.watch(operations, () => baseline()?.contracts.get(name)),
        ]),
      ),
    }),
  };
}

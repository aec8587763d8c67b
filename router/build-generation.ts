import { getHeapStatistics } from 'node:v8';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { specifiedRules, validate } from 'graphql';
import type { DocumentNode } from 'graphql';
import { acceptSupergraph } from './supergraph/acceptance/accept-supergraph.ts';
import type { AcceptedSupergraph } from './supergraph/acceptance/accept-supergraph.ts';
import { createApolloPlugin, createFilteringExecutor, createGatewayExecutor } from './apollo/plugin.ts';
import type { ApolloContext, PluginParts } from './apollo/plugin.ts';
import type { Config } from './config/config-schema.ts';
import { createSubgraphClients } from './operation/execute-operation.ts';
import type { createExecution } from './operation/execute-operation.ts';
import { finiteFloats } from './shared/graphql/finite-floats.ts';
import { ANONYMOUS } from './request/identity.ts';
import { createOperations, warm } from './operation/operations.ts';
import type { OperationCacheLimits } from './operation/operation-cache.ts';
import type { LoadShedding } from './load-shedding/load-shedding.ts';
import type { GenerationParts, ServedGeneration } from './pipeline.ts';
import type { createPlanner } from './planning/planner.ts';
import { maskingOf } from './response/error-policy.ts';
import { createErrorMask } from './apollo/mask-errors.ts';
import { logMasked } from './telemetry/masked-error.ts';
import { formatFinding } from './supergraph/compose.ts';
import { createGeneration } from './apollo/gateway.ts';
import type { GenerationRecipe } from './apollo/gateway.ts';
import type { Telemetry } from './telemetry/telemetry.ts';
import { createDataSource } from './apollo/data-source.ts';
import type { SubgraphPool } from './subgraph/subgraph-pool.ts';

export type ServedGenerationParts = Pick<PluginParts, 'admit'> &
  Pick<ReturnType<typeof createExecution>, 'execute' | 'callsFor'> & {
    readonly telemetry: Telemetry;
    readonly subgraphPool: SubgraphPool;
    readonly monotonic: () => number;
    readonly onFullHeap: LoadShedding['onFullHeap'];
    readonly createPlanner: typeof createPlanner;
  };

/**
 * Builds everything that answers for one version of the supergraph.
 * @throws {SupergraphRejected} or {ConfigError} with the reasons why the supergraph is not served
 */
export async function createServedGeneration(
  supergraphSdl: string,
  config: Config,
  parts: ServedGenerationParts,
): Promise<ServedGeneration> {
  const accepted = await acceptSupergraph(supergraphSdl, config, parts.createPlanner);
  try {
    const generation = await createGeneration(accepted, createRecipe(config, { ...parts, accepted }));
    if (accepted.warnings.length > 0)
      parts.telemetry.supergraphServedDifferently({
        generation: generation.graph.id,
        warnings: accepted.warnings.map(formatFinding),
      });
    return generation;
  } catch (error) {
    await accepted.planner[Symbol.asyncDispose]();
    throw error;
  }
}

type RecipeParts = ServedGenerationParts & { readonly accepted: AcceptedSupergraph };

/** How a supergraph becomes something that answers. */
function createRecipe(config: Config, parts: RecipeParts): GenerationRecipe<ApolloContext, GenerationParts> {
  const { telemetry, subgraphPool, monotonic, onFullHeap, admit, execute, callsFor, accepted } = parts;
  const { planner, guard, pricing, fallbackOf, stalePolicyOf } = accepted;
  return {
    async createParts(graph) {
      const operations = createOperations({
        graph,
        planner,
        guard,
        cache: cacheLimits(config.planning),
        hideSuggestions: config.mode === 'production',
        pricing,
        mergesFetches: config.traffic.mergeFetches,
        planned: (ms, outcome) => telemetry.planned(ms, outcome),
        monotonic,
        fallbackOf,
        stalePolicyOf,
      });
      const clients = createSubgraphClients(
        subgraphPool.forGeneration(graph.routes),
        config.traffic.deduplication,
      );
      const relief = onFullHeap(() => operations.evict());
      return {
        operations,
        clients,
        async [Symbol.asyncDispose]() {
          relief[Symbol.dispose]();
          await Promise.all([operations[Symbol.asyncDispose](), clients[Symbol.asyncDispose]()]);
        },
      };
    },
    createPlugin: ({ operations }) => createApolloPlugin({ operations, admit }),
    createExecutor: ({ clients }, stock) =>
      config.execution === 'apollo'
        ? createFilteringExecutor(stock)
        : createGatewayExecutor((admitted, caller) => execute(admitted, caller, clients)),
    createDataSource: (subgraph, { clients }) =>
      createDataSource(subgraph, (context) => {
        const { decided, ...caller } = contextIn(context);
        const operation = decided.admitted?.operation.type ?? 'mutation';
        return callsFor(caller, clients, operation, (decided.deduplicatedWork ??= {}));
      }),
    serverOptions: serverOptions(config, telemetry),
  };
}

function cacheLimits({ cacheBytes, cacheEntries }: Config['planning']): OperationCacheLimits {
  return { maxBytes: cacheBytes ?? getHeapStatistics().heap_size_limit / 4, maxEntries: cacheEntries };
}

function contextIn(context: Readonly<Record<string, unknown>>): ApolloContext {
  return context as ApolloContext;
}

/** Validation errors that a response lists; validation ends with the next one. */
const MAX_VALIDATION_ERRORS = 20;

function serverOptions(
  { execution, mode, response, supergraph, limits }: Config,
  telemetry: Telemetry,
): GenerationRecipe<ApolloContext, GenerationParts>['serverOptions'] {
  return {
    introspection: supergraph.introspection ?? mode === 'development',
    hideSchemaDetailsFromClientErrors: mode === 'production',
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // Ingress has checked this already, for every path.
    csrfPrevention: false,
    // Documents have been found before Apollo Server is asked.
    persistedQueries: false,
    validationRules: [finiteFloats],
    // It would keep every valid document; those that are used again are kept by `Operations`.
    ...(execution === 'compiled' && { documentStore: null }),
    parseOptions: { maxTokens: limits.tokens },
    validationOptions: { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: mode === 'production' },
    formatError: createErrorMask({
      logError: (error) => logMasked(telemetry.log, error),
      masksInternal: maskingOf({ mode, response }) !== 'pass',
    }),
    nodeEnv: mode,
    logger: telemetry.log,
  };
}

/** Asks a new generation a question and lets it plan what the one before was asked most, before clients may. */
export async function prove(
  next: ServedGeneration,
  previous: ServedGeneration | undefined,
  warmOperations: number,
): Promise<void> {
  const { body } = await next.server.executeOperation(
    { query: '{ __typename }' },
    { contextValue: canary(next) },
  );
  if (body.kind !== 'single' || body.singleResult.errors !== undefined) {
    throw new Error(`the canary query was not answered: ${JSON.stringify(body)}`);
  }
  if (previous === undefined) return;
  const isValid = (document: DocumentNode) =>
    validate(next.graph.schema, document, [...specifiedRules, finiteFloats]).length === 0;
  await warm(next.parts.operations, previous.parts.operations, { count: warmOperations, isValid });
}

/** The request that the router makes to itself; its address keeps its cost off every client's budget. */
function canary({ graph }: ServedGeneration): ApolloContext {
  return {
    identity: ANONYMOUS,
    onError: 'PROPAGATE',
    decided: {},
    request: {
      id: `canary-${graph.id}`,
      correlationId: undefined,
      peer: undefined,
      method: 'POST',
      search: '',
      headers: {},
      authorization: [],
      body: undefined,
      address: `canary-${graph.id}`,
      mediaType: { name: 'application/json', named: false },
      trace: ROOT_CONTEXT,
      signal: new AbortController().signal,
    },
  };
}

import { Kind, execute, parse, print } from 'graphql';
import type { DocumentNode, GraphQLOutputType } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { pathToArray } from 'graphql/jsutils/Path.js';
import { ApolloGateway } from '@apollo/gateway';
import { compileOperation } from '../../router/execution/compile.ts';
import type { ErrorBehavior } from '../../router/execution/error-behavior.ts';
import { executeCompiled } from '../../router/execution/execute.ts';
import type { Send, SubgraphResponse } from '../../router/execution/subgraph-call.ts';
import type { GeneratedOperation } from './generate-operation.ts';
import type { Graph } from './graph.ts';
import { worldResolver, worldTypeResolver } from './world.ts';

/** An answer as a client gets it. */
export type Answer = {
  readonly kind: 'answered';
  /** JSON text, in the order of the operation. */
  readonly data: string;
  readonly errors: readonly { readonly message: string; readonly path: readonly (string | number)[] }[];
};

export type Refusal = { readonly kind: 'refused'; readonly message: string };

/** Changes what a subgraph answers; the identity when nothing is to go wrong. */
export type Interference = (service: string, response: SubgraphResponse) => SubgraphResponse;

export type OracleAnswer = Answer & {
  /** Types of the fields answered, by response path joined with dots. */
  readonly types: ReadonlyMap<string, GraphQLOutputType>;
};

/** The operation on the whole graph at once, as graphql-js answers it. */
export function askOracle({ apiSchema, world }: Graph, operation: GeneratedOperation): OracleAnswer {
  world.counter.value = 0;
  const resolve = worldResolver(world);
  const types = new Map<string, GraphQLOutputType>();
  const result = execute({
    schema: apiSchema,
    document: parse(operation.document),
    operationName: operation.operationName,
    variableValues: operation.variables,
    fieldResolver: (source, args, context, info) => {
      types.set(pathToArray(info.path).join('.'), info.returnType);
      return resolve(source, args, context, info);
    },
    typeResolver: worldTypeResolver,
  });
  if (result instanceof Promise) throw new Error('nothing here is asynchronous');
  return { ...answer(result), types };
}

type Conditions = {
  readonly interfere?: Interference | undefined;
  readonly onError?: ErrorBehavior;
  readonly mergesFetches?: boolean;
};

/** Our planner and executor over the subgraphs. */
export async function askRouter(
  graph: Graph,
  operation: GeneratedOperation,
  { interfere = (_, response) => response, onError = 'PROPAGATE', mergesFetches = false }: Conditions = {},
): Promise<Answer | Refusal> {
  const { document: text, operationName } = operation;
  const outcome = graph.plan({ document: text, operationName });
  if (outcome.kind === 'refused') return outcome;
  const document = parse(text);
  const { apiSchema, supergraphSchema, world } = graph;
  const input = { apiSchema, supergraphSchema, document, operationName, mergesFetches };
  const compiled = compileOperation({ ...input, ...outcome });
  world.counter.value = 0;
  const send: Send = (request) => {
    const { query, variables } = JSON.parse(request.body);
    return Promise.resolve(
      interfere(request.subgraph, callSubgraph(graph, request.subgraph, query, variables)),
    );
  };
  const { data, errors } = await executeCompiled(compiled, {
    variables: coerced(graph, document, operation),
    send,
    signal: new AbortController().signal,
    onError,
  });
  return { kind: 'answered', data, errors: errors.map(({ message, path }) => ({ message, path })) };
}

/** Apollo's own planner and executor over the same subgraphs. */
export type StockGateway = AsyncDisposable & {
  ask(operation: GeneratedOperation): Promise<Answer | Refusal>;
};

async function createStockGateway(graph: Graph): Promise<StockGateway> {
  const gateway = new ApolloGateway({
    supergraphSdl: graph.supergraphSdl,
    logger: SILENT,
    buildService: ({ name }) => ({
      process: ({ request }) =>
        Promise.resolve(
          stockResponse(callSubgraph(graph, name, request.query ?? '', request.variables ?? {})),
        ),
    }),
  });
  const { executor } = await gateway.load();
  return {
    ask: async (operation) => {
      graph.world.counter.value = 0;
      const document = parse(operation.document);
      const request = {
        query: operation.document,
        operationName: operation.operationName,
        variables: { ...operation.variables },
      };
      try {
        // The executor reads of a request context what is given here.
        const context = {
          request,
          document,
          queryHash: print(document),
          operationName: operation.operationName,
          metrics: {},
          cache: undefined,
          logger: SILENT,
        };
        const result = await executor(context as unknown as Parameters<typeof executor>[0]);
        return answer(result);
      } catch (error) {
        return { kind: 'refused', message: error instanceof Error ? error.message : String(error) };
      }
    },
    [Symbol.asyncDispose]: () => gateway.stop(),
  };
}

/** One gateway at a time: cases come graph by graph. */
export type StockPool = AsyncDisposable & { gatewayFor(graph: Graph): Promise<StockGateway> };

export function createStockPool(): StockPool {
  let current: { readonly graph: Graph; readonly gateway: StockGateway } | undefined;
  return {
    gatewayFor: async (graph) => {
      if (current?.graph === graph) return current.gateway;
      await current?.gateway[Symbol.asyncDispose]();
      current = { graph, gateway: await createStockGateway(graph) };
      return current.gateway;
    },
    [Symbol.asyncDispose]: async () => {
      await current?.gateway[Symbol.asyncDispose]();
    },
  };
}

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

function callSubgraph(
  graph: Graph,
  name: string,
  query: string,
  variables: Record<string, unknown> = {},
): SubgraphResponse {
  const subgraph = graph.subgraphs.get(name);
  if (subgraph === undefined) throw new Error(`there is no subgraph ${name}`);
  // Over the wire and back.
  const { data = null, errors = [] } = JSON.parse(
    JSON.stringify(subgraph.answer(graph.world, query, structuredClone(variables))),
  );
  return { kind: 'answered', data, errors };
}

function stockResponse(response: SubgraphResponse) {
  if (response.kind === 'failed') throw new Error(response.failure.message);
  return { data: response.data, errors: response.errors as never };
}

function answer({
  data,
  errors = [],
}: {
  data?: unknown;
  errors?: readonly { message: string; path?: readonly (string | number)[] | undefined }[] | undefined;
}): Answer {
  return {
    kind: 'answered',
    data: JSON.stringify(data ?? null),
    errors: errors.map(({ message, path = [] }) => ({ message, path })),
  };
}

function coerced(
  { apiSchema }: Graph,
  document: DocumentNode,
  { operationName, variables }: GeneratedOperation,
) {
  const operation = document.definitions.find(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === operationName,
  );
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('there is no such operation');
  const values = getVariableValues(apiSchema, operation.variableDefinitions ?? [], variables);
  if (values.coerced === undefined) throw new Error(values.errors.map(({ message }) => message).join('\n'));
  return values.coerced;
}

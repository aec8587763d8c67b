import { execute, parse } from 'graphql';
import type { GraphQLOutputType } from 'graphql';
import { pathToArray } from 'graphql/jsutils/Path.js';
import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import { parseExactJson } from '../../router/shared/exact-json.ts';
import type { ExactPositions, Send, SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { parseResponse } from '../../router/subgraph/transport/read-response.ts';
import type { GeneratedOperation } from './generate-operation.ts';
import type { Graph } from './graph.ts';
import { contextResolver } from './context-values.ts';
import { datasetTypeResolver } from './dataset.ts';

/** A response as a client receives it. */
export type ReceivedResponse = {
  readonly kind: 'received';
  /** JSON text, in the order of the operation. */
  readonly data: string;
  readonly errors: readonly { readonly message: string; readonly path: readonly (string | number)[] }[];
};

export type Rejection = { readonly kind: 'rejected'; readonly message: string };

/** Changes the response of a subgraph; the identity if there is no interference. */
export type Interference = (service: string, response: SubgraphResponse) => SubgraphResponse;

export type OracleResponse = ReceivedResponse & {
  /** Types of the returned fields, by response path joined with dots. */
  readonly types: ReadonlyMap<string, GraphQLOutputType>;
};

/** Executes the operation on the whole graph with graphql-js. */
export function askOracle(
  { oracleSchema, dataset, contexts }: Graph,
  operation: GeneratedOperation,
): OracleResponse {
  dataset.counter.value = 0;
  const resolve = contextResolver(dataset, contexts);
  const types = new Map<string, GraphQLOutputType>();
  const result = execute({
    schema: oracleSchema,
    document: parse(operation.document),
    operationName: operation.operationName,
    variableValues: operation.variables,
    fieldResolver: (source, args, context, info) => {
      types.set(pathToArray(info.path).join('.'), info.returnType);
      return resolve(source, args, context, info);
    },
    typeResolver: datasetTypeResolver,
  });
  if (result instanceof Promise) throw new Error('nothing here is asynchronous');
  return { ...receivedResponse(result), types };
}

type Conditions = {
  readonly interfere?: Interference | undefined;
  readonly onError?: ErrorBehavior;
  readonly mergesFetches?: boolean;
  /** Labels of progressive `@override` that are true. */
  readonly overrides?: readonly string[];
};

/** Executes the operation with the router's planner and executor over the subgraphs. */
export async function askRouter(
  graph: Graph,
  operation: GeneratedOperation,
  {
    interfere = (_, response) => response,
    onError = 'PROPAGATE',
    mergesFetches = false,
    overrides = [],
  }: Conditions = {},
): Promise<ReceivedResponse | Rejection> {
  const { document, operationName, variables } = operation;
  const compiled = graph.compile({ document, operationName, mergesFetches, overrides });
  if (compiled.kind === 'rejected') return compiled;
  graph.dataset.counter.value = 0;
  graph.dataset.overrides.isTrue = (label) => overrides.includes(label);
  const send: Send = (request) => {
    const response = read(textOf(graph, request.subgraph, request.body), request.exact);
    return Promise.resolve(interfere(request.subgraph, response));
  };
  const { data, errors } = await executeCompiled(compiled.operation, {
    ...compiled.coerced(variables),
    send,
    signal: new AbortController().signal,
    onError,
  });
  return { kind: 'received', data, errors: errors.map(({ message, path }) => ({ message, path })) };
}

/** Returns the response of a subgraph to a request body, serialized as for HTTP. */
export function textOf(graph: Graph, name: string, body: string): string {
  const subgraph = graph.subgraphs.get(name);
  if (subgraph === undefined) throw new Error(`there is no subgraph ${name}`);
  const { query, variables = {} } = parseExactJson(body) as RequestBody;
  return JSON.stringify(subgraph.respond(graph.dataset, query, variables));
}

type RequestBody = { readonly query: string; readonly variables?: Record<string, unknown> };

function read(text: string, exact?: ExactPositions): SubgraphResponse {
  const response = parseResponse(Buffer.from(text), exact);
  if (response.kind === 'defective') throw new Error(`the response ${response.defect}: ${text}`);
  return response;
}

export function receivedResponse({
  data,
  errors = [],
}: {
  data?: unknown;
  errors?: readonly { message: string; path?: readonly (string | number)[] | undefined }[] | undefined;
}): ReceivedResponse {
  return {
    kind: 'received',
    data: JSON.stringify(data ?? null),
    errors: errors.map(({ message, path = [] }) => ({ message, path })),
  };
}

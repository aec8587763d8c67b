import { ApolloGateway } from '@apollo/gateway';
import { parse, print } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import { extractAuthDirectives } from '../../../router/authorization/extract-auth-directives.ts';
import type { Degradation } from '../../../router/execution/errors/failure-causes.ts';
import { MASKED_MESSAGE } from '../../../router/execution/errors/public-message.ts';
import type { MaskErrors } from '../../../router/execution/run/execution.ts';
import type {
  ExecuteOperation,
  ExecutingGeneration,
  ExecutionParts,
} from '../../../router/operation/execute-operation.ts';
import type { ChargedOperation } from '../../../router/operation/operations.ts';
import type { CancelSignal } from '../../../router/request/cancel-signal.ts';
import type { Send, SubgraphResponse } from '../../../router/request/subgraph-request.ts';
import { RouterError, isErrorCode } from '../../../router/shared/errors.ts';
import { createDataSource } from './data-source.ts';
import { executeFiltered } from './filtering-executor.ts';

type Graph = ExecutingGeneration['graph'];
type Executor = ApolloGateway['executor'];
type RequestContext = Parameters<Executor>[0];

/**
 * Executes operations with Apollo Gateway's own planner and executor instead of the router's
 * (`parts.createExecution`). All other stages of a request are the router's, so the two can be compared from
 * outside. It propagates nulls and reconciles no costs.
 */
export function createReferenceExecution({
  callerContext,
  subgraphErrors,
}: ExecutionParts): ExecuteOperation {
  const executors = new WeakMap<Graph, Promise<Executor>>();

  function executorOf(graph: Graph): Promise<Executor> {
    const loaded = executors.get(graph) ?? load(graph);
    executors.set(graph, loaded);
    return loaded;
  }

  return async (charged, caller, { graph, send }) => {
    if (caller.onError !== 'PROPAGATE')
      throw new RouterError('BAD_REQUEST', `onError: ${caller.onError} is not served here; PROPAGATE is`);
    const context = callerContext(caller, charged.operation.type, {});
    const calls: Calls = {
      signal: caller.request.signal,
      send: async (call, signal) =>
        masked(call.subgraph, await send(call, context, signal), subgraphErrors.maskErrors),
    };
    const requestContext = toRequestContext(charged, graph, calls);
    const { data, errors } = await executeFiltered(await executorOf(graph), {
      requestContext,
      charged,
      identity: caller.identity,
    });
    const outcome = {
      data: JSON.stringify(data),
      errors: errors.map(toExecutionError),
      omittedErrors: 0,
      delivered: {},
      fieldsWithoutResponse: new Set<string>(),
      degraded: degradationsIn(errors),
      ...(charged.wouldDeny.length > 0 && { authorizationErrors: charged.wouldDeny }),
    };
    return { outcome, deduplicatedWork: {} };
  };
}

type Calls = { readonly send: Send; readonly signal: CancelSignal };

async function load({ supergraphSdl }: Graph): Promise<Executor> {
  const gateway = new ApolloGateway({
    supergraphSdl: print(extractAuthDirectives(parse(supergraphSdl)).document),
    buildService: ({ name }) => createDataSource(name, (context) => context as Calls),
    logger: SILENT,
  });
  return (await gateway.load()).executor;
}

/**
 * Returns the members that the gateway's executor reads. Variables are coerced, because it would not coerce
 * exact numbers.
 */
function toRequestContext(
  { operation, variables }: ChargedOperation,
  { schema }: Graph,
  context: Calls,
): RequestContext {
  const { source: query, document, name: operationName } = operation;
  const read = {
    request: { query, variables, ...(operationName !== undefined && { operationName }) },
    document,
    queryHash: print(document),
    operationName,
    schema,
    context,
    metrics: {},
    cache: undefined,
    logger: SILENT,
  };
  return read as unknown as RequestContext;
}

function masked(
  subgraph: string,
  response: SubgraphResponse,
  maskErrors: MaskErrors | undefined,
): SubgraphResponse {
  if (response.kind === 'failed' || maskErrors === undefined) return response;
  const idOf = maskErrors(subgraph, response.errors);
  const errors = response.errors.map((error) => {
    const id = idOf(error);
    if (id === undefined) return error;
    return { ...error, message: MASKED_MESSAGE, extensions: { code: error.extensions?.['code'], id } };
  });
  return { ...response, errors };
}

function toExecutionError({ message, path = [], extensions = {} }: GraphQLFormattedError) {
  const { code } = extensions;
  return {
    message,
    path,
    extensions: { ...extensions, code: typeof code === 'string' ? code : 'SUBGRAPH_ERROR' },
  };
}

/** Derives the degradations from the errors of Apollo's own executor, which does not record them. */
function degradationsIn(errors: readonly GraphQLFormattedError[]): Degradation[] {
  const groups = new Map<string, Omit<Degradation, 'paths'> & { readonly paths: string[][] }>();
  for (const { path, extensions } of errors) {
    const code = extensions?.['code'];
    const service = extensions?.['service'];
    if (!isErrorCode(code) || !code.startsWith('SUBGRAPH_') || typeof service !== 'string') continue;
    const key = `${service} ${code}`;
    const group = groups.get(key) ?? { service, reason: code, source: 'null' as const, paths: [] };
    group.paths.push((path ?? []).filter((segment) => typeof segment === 'string'));
    groups.set(key, group);
  }
  return [...groups.values()];
}

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

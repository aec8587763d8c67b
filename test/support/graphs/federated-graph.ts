import { buildSubgraphSchema } from '@apollo/subgraph';
import { Supergraph } from '@apollo/federation-internals';
import { Kind, execute, parse, validate } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { getVariableValues } from 'graphql/execution/values.js';
import { readFallbacks } from '../../../router/degradation/fallbacks.ts';
import { readStalePolicies } from '../../../router/degradation/stale-policy.ts';
import { compileOperation } from '../../../router/execution/compile/compile.ts';
import type { CompiledOperation } from '../../../router/execution/compile/compile.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import type { OwnStaleValues } from '../../../router/execution/stale/stale-values.ts';
import type { ErrorBehavior } from '../../../router/shared/graphql/error-behavior.ts';
import { executeCompiled } from '../../../router/execution/run/execute.ts';
import type { ExecutionOutcome } from '../../../router/execution/run/execute.ts';
import { isJsonObject } from '../../../router/shared/json.ts';
import type { JsonObject } from '../../../router/shared/json.ts';
import type {
  Send,
  SubgraphError,
  SubgraphRequest,
  SubgraphResponse,
} from '../../../router/request/subgraph-request.ts';
import { createOperationPlanner } from '../../../router/planning/operation-planner.ts';
import { compose } from '../../differential/compose.ts';

type Resolver = (parent: JsonObject, args: JsonObject) => unknown;
type Resolvers = Readonly<Record<string, Readonly<Record<string, Resolver>>>>;

export type SubgraphParts = { readonly typeDefs: string; readonly resolvers?: Resolvers };

/** Replaces or changes the response of a subgraph. */
export type Interposed = (
  request: SubgraphRequest,
  ask: () => Promise<SubgraphResponse>,
) => Promise<SubgraphResponse>;

export type FederatedRequest = {
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly interposed?: Readonly<Record<string, Interposed>>;
  readonly signal?: AbortSignal;
  readonly operationName?: string;
  readonly allowedExtensions?: ReadonlySet<string>;
  readonly onError?: ErrorBehavior;
  /** `degradation.fallbacks` of `router.yaml`. */
  readonly fallbacks?: Readonly<Record<string, unknown>>;
  /** A compiled operation to execute instead of the document. */
  readonly operation?: CompiledOperation;
  /** `degradation.stale` of `router.yaml`, with the store and the owner of the values. */
  readonly stale?: OwnStaleValues & { readonly fields: Config['degradation']['stale'] };
};

export type FederatedOutcome = Omit<ExecutionOutcome, 'data'> & {
  readonly data: unknown;
  /** The serialized `data`. */
  readonly text: string;
  readonly calls: readonly SubgraphRequest[];
};

type CompileOptions = Pick<FederatedRequest, 'operationName' | 'fallbacks' | 'stale'> & {
  readonly mergesFetches?: boolean;
};

/** Composes subgraphs in this process behind the compiled executor, with plans by the real planner. */
export type FederatedGraph = {
  readonly supergraphSdl: string;
  readonly apiSchema: GraphQLSchema;
  readonly supergraphSchema: GraphQLSchema;
  compile(document: string, options?: CompileOptions): CompiledOperation;
  run(document: string, request?: FederatedRequest): Promise<FederatedOutcome>;
  /** Returns the response of a subgraph to a request body. */
  respond(subgraph: string, body: string): Promise<SubgraphResponse>;
};

export function federatedGraph(subgraphs: Readonly<Record<string, SubgraphParts>>): FederatedGraph {
  const sdl = Object.fromEntries(Object.entries(subgraphs).map(([name, { typeDefs }]) => [name, typeDefs]));
  const composition = compose(sdl);
  if (composition.kind === 'rejected') throw new Error(composition.messages.join('\n'));
  const supergraph = Supergraph.build(composition.supergraphSdl, { supportedFeatures: null });
  const apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const plan = createOperationPlanner(composition.supergraphSdl);
  const schemas = new Map(
    Object.entries(subgraphs).map(([name, { resolvers }]) => [
      name,
      buildSubgraphSchema([
        { typeDefs: parse(composition.typeDefs[name] ?? ''), resolvers: mutableCopy(resolvers) },
      ]),
    ]),
  );
  const compile = (text: string, options: CompileOptions = {}) => {
    const { operationName, fallbacks = {}, stale, mergesFetches = false } = options;
    const document = parse(text);
    const [invalid] = validate(apiSchema, document);
    if (invalid !== undefined) throw invalid;
    const outcome = plan({ document: text, operationName });
    if (outcome.kind === 'rejected') throw new Error(outcome.message);
    const { fallbackOf } = readFallbacks(apiSchema, { fallbacks });
    const { stalePolicyOf } = readStalePolicies(apiSchema, supergraphSchema, { stale: stale?.fields ?? {} });
    const input = {
      apiSchema,
      supergraphSchema,
      document,
      operationName,
      fallbackOf,
      stalePolicyOf,
    };
    return compileOperation({ ...input, mergesFetches, ...outcome });
  };
  const run = async (document: string, request: FederatedRequest = {}) => {
    const { operation = compile(document, request) } = request;
    const calls: SubgraphRequest[] = [];
    const send: Send = (call) => {
      calls.push(call);
      const ask = () => askSubgraph(schemas.get(call.subgraph), call.body);
      return request.interposed?.[call.subgraph]?.(call, ask) ?? ask();
    };
    const { data, ...rest } = await executeCompiled(operation, {
      variables: coercedVariables(apiSchema, document, request),
      send,
      signal: request.signal ?? new AbortController().signal,
      stale: request.stale,
      ...(request.onError && { onError: request.onError }),
      ...(request.allowedExtensions && { allowedExtensions: request.allowedExtensions }),
    });
    return { ...rest, data: JSON.parse(data), text: data, calls };
  };
  return {
    supergraphSdl: composition.supergraphSdl,
    apiSchema,
    supergraphSchema,
    compile,
    run,
    respond: (subgraph, body) => askSubgraph(schemas.get(subgraph), body),
  };
}

function mutableCopy(resolvers: Resolvers = {}) {
  return Object.fromEntries(Object.entries(resolvers).map(([type, fields]) => [type, { ...fields }]));
}

function coercedVariables(
  schema: GraphQLSchema,
  text: string,
  { variables = {}, operationName }: FederatedRequest,
) {
  const operation = parse(text).definitions.find(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      (operationName === undefined || definition.name?.value === operationName),
  );
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('no such operation');
  const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables);
  if (coerced === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  return coerced;
}

async function askSubgraph(schema: GraphQLSchema | undefined, body: string): Promise<SubgraphResponse> {
  if (schema === undefined) throw new Error('no such subgraph');
  const request: unknown = JSON.parse(body);
  if (!isJsonObject(request)) throw new Error('the body is not an object');
  const document = parse(String(request['query']));
  const errors = validate(schema, document);
  if (errors.length > 0) throw new Error(`the fetch is not valid: ${errors.join('\n')}`);
  const variableValues = isJsonObject(request['variables']) ? request['variables'] : {};
  const result = await execute({ schema, document, variableValues });
  return received(JSON.parse(JSON.stringify(result)));
}

/** Returns the result of `send` for the body of a subgraph. */
export function received({
  data = null,
  errors = [],
}: {
  data?: unknown;
  errors?: SubgraphError[];
}): SubgraphResponse {
  return { kind: 'received', data: isJsonObject(data) ? data : null, errors };
}

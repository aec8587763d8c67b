import { HeaderMap } from '@apollo/server';
import type { ApolloServer, HTTPGraphQLResponse } from '@apollo/server';
import type { OperationAdmission } from './rate-limit/charge.ts';
import type { ApolloContext, Decided } from './apollo/plugin.ts';
import { RouterError } from './shared/errors.ts';
import type { Answerable, SubgraphClients } from './operation/execute-operation.ts';
import type { ErrorBehavior } from './shared/graphql/error-behavior.ts';
import type { ResponseHeaders } from './headers/collection.ts';
import type { Identity } from './request/identity.ts';
import type { ClientRequest, ClientResponse, RequestSummary } from './request/client-request.ts';
import { isRecord } from './shared/is-record.ts';
import type { Admitted, Operation, Operations, Variables } from './operation/operations.ts';
import { withoutEmptyMembers } from './persisted-operations/graphql-parameters.ts';
import type { GraphqlCall } from './persisted-operations/graphql-parameters.ts';
import type { Resolved } from './persisted-operations/persisted-operations.ts';
import type { GraphQLFormattedError } from 'graphql';
import type { Caller } from './request/caller.ts';
import { answer } from './response/operation-response.ts';
import { degradedHeaders } from './response/response-extensions.ts';
import { withRequestId } from './response/rejection-response.ts';
import type { LimitSharedCaching } from './response/shared-caching.ts';
import type { LoadShedding } from './load-shedding/load-shedding.ts';
import type { Lease } from './supergraph/generations.ts';
import type { Generation } from './apollo/gateway.ts';

/** What every supergraph version has of its own. */
export type GenerationParts = AsyncDisposable & {
  readonly operations: Operations;
  readonly clients: SubgraphClients;
};

export type ServedGeneration = Generation<ApolloContext, GenerationParts>;

export type PipelineParts = {
  /** Refuses what cannot be answered in time. */
  readonly shedding: Pick<LoadShedding, 'enter' | 'leave' | 'checkUnseen'>;
  readonly identify: (request: ClientRequest) => Promise<Identity>;
  readonly acquire: () => Lease<ServedGeneration> | undefined;
  /** @throws {RouterError} */
  readonly errorBehavior: (request: ClientRequest) => ErrorBehavior;
  /** Puts the document in the place of its hash. @throws {RouterError} */
  readonly resolve: (request: ClientRequest) => Promise<Resolved>;
  /** Rejects a document that is too long to be worth parsing. @throws {RouterError} */
  readonly checkLength: (source: string) => void;
  /** Charges for preparing a document; returns the points. @throws {RouterError} */
  readonly prepay: OperationAdmission['prepay'];
  /** Charges a request that was rejected before it was charged; returns the error to respond with. */
  readonly chargeRejection: OperationAdmission['chargeRejection'];
  /** Rejects documents that are too large to be worth validating. @throws {RouterError} */
  readonly screen: (source: string) => void;
  /** @throws {RouterError} */
  readonly admit: (operation: Operation, inputs: Variables, caller: Caller) => Promise<Admitted>;
  /** Keeps responses that are for one caller out of shared caches. */
  readonly limitSharedCaching: LimitSharedCaching;
  readonly execute: (admitted: Admitted, caller: Caller, clients: SubgraphClients) => Promise<Answerable>;
  /** Whether an operation that has been answered before goes past Apollo Server: it has nothing more to say of it. */
  readonly knownOperationsDirect: boolean;
};

/** The way of a request, stage by stage. What it throws is a refusal of the whole request. */
export function createPipeline(parts: PipelineParts): (request: ClientRequest) => Promise<ClientResponse> {
  const { shedding } = parts;

  return async function handle(asked) {
    shedding.enter(asked);
    try {
      return await serve(asked);
    } finally {
      shedding.leave();
    }
  };

  async function serve(asked: ClientRequest): Promise<ClientResponse> {
    const identity = await parts.identify(asked);
    using lease = parts.acquire();
    if (lease === undefined) throw new RouterError('NOT_READY', undefined, { retryAfterS: 1 });
    const { generation } = lease;
    const onError = parts.errorBehavior(asked);
    const sent: Caller = { request: asked, identity, onError };
    const { request, call, answered } = await charged(sent, () => parts.resolve(asked));
    const known =
      parts.knownOperationsDirect && call && findKnown(call, request, generation.parts.operations);
    if (known === undefined) shedding.checkUnseen(identity, call?.query);
    const caller = known ? { ...sent, request } : await prepaid({ ...sent, request });
    const served = await (known
      ? serveKnown(known, caller, generation)
      : serveByApollo(caller, generation, call?.variables));
    if (served.executed) answered();
    return served.response;
  }

  /** Charges the request when the work rejects it. */
  async function charged<Value>({ identity, request }: Caller, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      throw await parts.chargeRejection(error, { identity, address: request.address });
    }
  }

  /** Charges the preparation of a document before any of it is done. */
  async function prepaid(caller: Caller): Promise<Caller> {
    const { identity, request } = caller;
    const source = sourceOf(request) ?? '';
    await charged(caller, async () => parts.checkLength(source));
    const points = await parts.prepay(source.length, { identity, address: request.address });
    return { ...caller, prepaid: points };
  }

  async function serveKnown(
    { operation, inputs }: Known,
    caller: Caller,
    generation: ServedGeneration,
  ): Promise<Served> {
    const admitted = await charged(caller, () => parts.admit(operation, inputs, caller));
    const outcome = await parts.execute(admitted, caller, generation.parts.clients);
    const { degraded } = outcome;
    const response = answer(outcome, {
      mediaType: caller.request.mediaType,
      headers: {
        ...cacheableHeaders(outcome.headers, admitted.operation, caller.request),
        ...degradedHeaders(degraded),
        ...admitted.headers,
        'x-supergraph-version': generation.graph.id,
      },
      summary: summarise(caller, generation, {
        admitted,
        codes: outcome.errors.map(({ extensions }) => extensions.code),
        degraded,
        ...(outcome.deduplicatedWork && { deduplicatedWork: outcome.deduplicatedWork }),
      }),
    });
    return { response, executed: true };
  }

  async function serveByApollo(
    caller: Caller,
    generation: ServedGeneration,
    inputs: Variables | undefined,
  ): Promise<Served> {
    const { request } = caller;
    const source = sourceOf(request);
    if (source !== undefined) parts.screen(source);
    const context: ApolloContext = { ...caller, decided: {}, inputs };
    const {
      status = 200,
      headers,
      body,
    } = await executeHttp(generation.server, withoutEmptyMembers(request), context);
    const { decided } = context;
    const response = {
      status,
      headers: {
        ...Object.fromEntries(headers),
        'cache-control': 'no-store',
        ...cacheableHeaders(decided.headers, decided.admitted?.operation, request),
        ...degradedHeaders(decided.degraded ?? []),
        ...decided.admitted?.headers,
        'x-supergraph-version': generation.graph.id,
      },
      body: named(await wholeBody(body), caller, decided),
      summary: summarise(caller, generation, decided),
    };
    return { response, executed: decided.admitted !== undefined && status === 200 };
  }

  function cacheableHeaders(
    headers: ResponseHeaders | undefined,
    operation: Operation | undefined,
    { authorization }: ClientRequest,
  ): ResponseHeaders {
    if (headers === undefined) return {};
    return parts.limitSharedCaching(headers, { authorization, isProtected: operation?.guard !== undefined });
  }
}

/** `executed`: it was admitted, and could be planned. */
type Served = { readonly response: ClientResponse; readonly executed: boolean };

type Known = { readonly operation: Operation; readonly inputs: Variables };

/** A request that is plainly an operation answered before; anything unusual about it is Apollo Server's to judge. */
function findKnown(
  { query, operationName, variables }: GraphqlCall,
  { method }: ClientRequest,
  operations: Operations,
): Known | undefined {
  const operation = query === undefined ? undefined : operations.find(query, operationName);
  if (operation === undefined || (method === 'GET' && operation.type === 'mutation')) return undefined;
  return { operation, inputs: variables };
}

function sourceOf({ method, body, search }: ClientRequest): string | undefined {
  const source =
    method === 'GET' ? new URLSearchParams(search).get('query') : isRecord(body) ? body['query'] : undefined;
  return typeof source === 'string' && source !== '' ? source : undefined;
}

function executeHttp(
  server: ApolloServer<ApolloContext>,
  request: ClientRequest,
  context: ApolloContext,
): Promise<HTTPGraphQLResponse> {
  const headers = new HeaderMap(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
  headers.set('accept', request.mediaType.name);
  const { method, search, body } = request;
  return server.executeHTTPGraphQLRequest({
    httpGraphQLRequest: { method, search, body: body ?? {}, headers },
    context: async () => context,
  });
}

/** Adds the request id to an error that Apollo Server has raised before its first hook. */
function named(body: string, { request }: Caller, { codes }: Readonly<Decided>): string {
  if (codes !== undefined) return body;
  const { errors, ...rest } = JSON.parse(body) as { readonly errors?: readonly GraphQLFormattedError[] };
  return `${JSON.stringify({ ...rest, errors: errors?.map((error) => withRequestId(error, request.id)) })}\n`;
}

async function wholeBody(body: HTTPGraphQLResponse['body']): Promise<string> {
  return body.kind === 'complete' ? body.string : (await Array.fromAsync(body.asyncIterator)).join('');
}

/** A name may be as long as a request: it must not be copied into the log each time. */
const LONGEST_LOGGED_NAME = 512;
/** A subgraph may report thousands of errors. */
const MOST_LOGGED_CODES = 50;

function summarise(
  { identity }: Caller,
  generation: ServedGeneration,
  { admitted, codes = [], degraded = [], deduplicatedWork }: Readonly<Decided>,
): RequestSummary {
  return {
    generation: generation.graph.id,
    ...(admitted && { operationType: admitted.operation.type, cost: admitted.cost }),
    ...(admitted?.operation.name !== undefined && {
      operationName: admitted.operation.name.slice(0, LONGEST_LOGGED_NAME),
    }),
    ...(identity.kind === 'user' && { userId: identity.id }),
    ...(codes.length > 0 && { codes: [...new Set(codes)].slice(0, MOST_LOGGED_CODES) }),
    ...(degraded.length > 0 && { degraded: [...new Set(degraded.map(({ service }) => service))] }),
    ...deduplicatedWork,
  };
}

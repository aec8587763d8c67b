import { hash } from 'node:crypto';
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import type { ApolloGateway } from '@apollo/gateway';
import { print } from 'graphql';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import type { Caller } from '../request/caller.ts';
import { denialCodeOf } from '../authorization/authorize.ts';
import { denyInData } from '../authorization/deny-in-data.ts';
import { RouterError } from '../shared/errors.ts';
import { parseExactJson } from '../shared/exact-json.ts';
import type { Degradation } from '../execution/errors/failure-causes.ts';
import type { Answerable } from '../operation/execute-operation.ts';
import type { ResponseHeaders } from '../headers/collection.ts';
import type { DeduplicatedWork } from '../request/deduplicated-work.ts';
import type { Admitted, Operation, Operations, Variables } from '../operation/operations.ts';
import { degradationsIn, extensionsOf } from '../response/response-extensions.ts';
import { AnsweredError, toGraphQLError } from './mask-errors.ts';
import { statusFor, withRequestId } from '../response/rejection-response.ts';

/** What the hooks within Apollo Server have decided of a request. */
export type Decided = {
  admitted?: Admitted;
  codes?: readonly string[];
  degraded?: readonly Degradation[];
  deduplicatedWork?: DeduplicatedWork;
  /** What subgraphs have added to the headers of the answer. */
  headers?: ResponseHeaders;
};

/** Apollo Server's context of one request. It hands each hook a shallow copy, hence the one object they write to. */
export type ApolloContext = BaseContext &
  Caller & {
    readonly decided: Decided;
    /** With exact numbers, which Apollo Server rounds in the variables of a GET; absent where the request is unusual. */
    readonly inputs?: Variables | undefined;
  };

export type PluginParts = {
  readonly operations: Operations;
  /** Admits an operation that Apollo Server has found valid. @throws {RouterError} */
  readonly admit: (operation: Operation, inputs: Variables, caller: Caller) => Promise<Admitted>;
};

/** Puts admission before planning, and on the answer the HTTP status that the specification wants. */
export function createApolloPlugin({ operations, admit }: PluginParts): ApolloServerPlugin<ApolloContext> {
  return {
    async requestDidStart() {
      return {
        async didResolveOperation({ source, document, request, contextValue }) {
          try {
            const operation = operations.add(source, request.operationName ?? undefined, document);
            contextValue.decided.admitted = await admit(
              operation,
              contextValue.inputs ?? request.variables ?? {},
              contextValue,
            );
          } catch (error) {
            throw error instanceof RouterError ? toGraphQLError(error) : error;
          }
        },
        async willSendResponse({ response, contextValue }) {
          if (response.body.kind !== 'single') return;
          const result = response.body.singleResult;
          const degraded = contextValue.decided.degraded ?? degradationsIn(result.errors ?? []);
          contextValue.decided.codes = result.errors?.map(codeOf) ?? [];
          contextValue.decided.degraded = degraded;
          const authorizationErrors = contextValue.decided.admitted?.wouldDeny ?? [];
          const extensions = extensionsOf({ degraded, authorizationErrors });
          if (extensions !== undefined) result.extensions ??= extensions;
          const [code] = contextValue.decided.codes;
          if (result.data === undefined && code !== undefined) {
            const { id } = contextValue.request;
            result.errors = (result.errors ?? []).map((error) => withRequestId(error, id));
            response.http.status = statusFor(
              code,
              response.http.status ?? 400,
              contextValue.request.mediaType,
            );
          }
        },
      };
    },
  };
}

function codeOf({ extensions }: GraphQLFormattedError): string {
  const code = extensions?.['code'];
  return typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
}

/** The executor in the gateway's place: runs the admitted operation. */
export function createGatewayExecutor(
  execute: (admitted: Admitted, caller: Caller) => Promise<Answerable>,
): ApolloGateway['executor'] {
  return async ({ context }) => {
    const { decided, ...caller } = context as ApolloContext;
    const { admitted } = decided;
    if (admitted === undefined)
      throw new RouterError('INTERNAL_SERVER_ERROR', 'an operation got past admission');
    const outcome = await execute(admitted, caller).catch((error: unknown) => {
      throw error instanceof RouterError ? toGraphQLError(error) : error;
    });
    decided.degraded = outcome.degraded;
    if (outcome.deduplicatedWork !== undefined) decided.deduplicatedWork = outcome.deduplicatedWork;
    if (outcome.headers !== undefined) decided.headers = outcome.headers;
    const extensions = extensionsOf(outcome);
    return {
      data: parseExactJson(outcome.data) as Record<string, unknown>,
      ...(outcome.errors.length === 0 ? {} : { errors: outcome.errors.map(toAnsweredError) }),
      ...(extensions === undefined ? {} : { extensions }),
    };
  };
}

/** The gateway's own executor, which is shown only what the caller may have. */
export function createFilteringExecutor(stock: ApolloGateway['executor']): ApolloGateway['executor'] {
  return async (requestContext) => {
    const { identity, decided } = requestContext.context as ApolloContext;
    const { admitted } = decided;
    if (admitted === undefined)
      throw new RouterError('INTERNAL_SERVER_ERROR', 'an operation got past admission');
    const { restriction, document, name } = admitted.operation;
    // Coerced, because the gateway would not coerce exact numbers.
    const request = { ...requestContext.request, variables: admitted.variables };
    if (restriction === undefined) return stock({ ...requestContext, request });
    const filtered = restriction.document;
    const queryHash = hash('sha256', print(filtered));
    const { data, errors = [] } = await stock({ ...requestContext, request, document: filtered, queryHash });
    if (data === undefined || data === null) return { data: null, errors };
    const denied = denyInData({
      schema: requestContext.schema,
      document,
      operationName: name,
      variables: requestContext.request.variables ?? {},
      denials: restriction.denials,
      denialCode: denialCodeOf(identity),
      data,
    });
    return { data: denied.data ?? null, errors: [...errors, ...(denied.errors ?? []).map(withoutLocation)] };
  };
}

function withoutLocation({ message, path, extensions }: GraphQLError): AnsweredError {
  return new AnsweredError(message, { path, extensions });
}

function toAnsweredError({ message, path, extensions }: Answerable['errors'][number]): AnsweredError {
  return new AnsweredError(message, { path, extensions });
}

import { hash } from 'node:crypto';
import type { ApolloGateway } from '@apollo/gateway';
import { print } from 'graphql';
import type { GraphQLError, GraphQLFormattedError } from 'graphql';
import { denialCodeOf } from '../../../router/authorization/authorize.ts';
import type { ChargedOperation } from '../../../router/operation/operations.ts';
import type { Identity } from '../../../router/request/identity.ts';
import { denyInData } from './deny-in-data.ts';

type Executor = ApolloGateway['executor'];
type RequestContext = Parameters<Executor>[0];

export type FilteredRequest = {
  readonly requestContext: RequestContext;
  readonly charged: ChargedOperation;
  readonly identity: Identity;
};

/**
 * Executes an operation with the gateway's own executor, which receives only the fields that the caller is
 * authorized to see.
 */
export async function executeFiltered(
  executor: Executor,
  { requestContext, charged: { operation, variables }, identity }: FilteredRequest,
): Promise<{ data: unknown; errors: readonly GraphQLFormattedError[] }> {
  const { restriction, document, name } = operation;
  if (restriction === undefined) return plain(await executor(requestContext));
  const filtered = restriction.document;
  const queryHash = hash('sha256', print(filtered));
  const { data, errors } = plain(await executor({ ...requestContext, document: filtered, queryHash }));
  if (data === null) return { data, errors };
  const denied = denyInData({
    schema: requestContext.schema,
    document,
    operationName: name,
    variables,
    denials: restriction.denials,
    denialCode: denialCodeOf(identity),
    data,
  });
  return {
    data: denied.data ?? null,
    errors: [...errors, ...(denied.errors ?? []).map(withoutLocation)],
  };
}

function plain({ data = null, errors = [] }: Awaited<ReturnType<Executor>>) {
  return { data, errors: errors.map(withoutLocation) };
}

function withoutLocation({ message, path, extensions }: GraphQLError): GraphQLFormattedError {
  return { message, ...(path && { path }), extensions };
}

import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { GraphQLError, buildSchema, parse } from 'graphql';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { createHandler } from 'graphql-http';
import { isDataException, isUnreachable } from '../../database/postgres-errors.ts';
import type { Reply } from '../http/http-server.ts';
import type { Principal } from '../keys/api-keys.ts';
import type { Services } from '../services.ts';
import { mutationResolvers } from './mutations.ts';
import { queryResolvers } from './queries.ts';
import { createResponseBudget, withBudget } from './response-budget.ts';
import type { ResponseBudget } from './response-budget.ts';
import { typeResolvers } from './types.ts';

/** Available to all resolvers of one request. */
export type ApiContext = {
  readonly services: Services;
  readonly principal: Principal;
  readonly budget: ResponseBudget;
};

/**
 * Resolvers declare the types of their source and arguments; GraphQL has validated both against the schema.
 */
export type Resolvers = Record<
  string,
  // oxlint-disable-next-line typescript/no-explicit-any -- sources and arguments differ
  Record<string, GraphQLFieldResolver<any, ApiContext>>
>;

export type GraphQLCall = {
  readonly request: IncomingMessage;
  readonly principal: Principal;
  readonly body: string;
};

const MAX_TOKENS = 20_000;

/** Creates the handler of GraphQL requests. */
export function createGraphQLHandler(services: Services): (call: GraphQLCall) => Promise<Reply> {
  const sdl = readFileSync(new URL('./schema.graphql', import.meta.url), 'utf8');
  const schema = withResolvers(buildSchema(sdl), {
    ...typeResolvers,
    ...queryResolvers,
    ...mutationResolvers,
  });
  const handle = createHandler<IncomingMessage, Principal, ApiContext & Record<string, unknown>>({
    schema,
    context: ({ context: principal }) => ({ services, principal, budget: createResponseBudget() }),
    parse: (source, options) => parse(source, { ...options, maxTokens: MAX_TOKENS }),
    formatError: (error) => formatError(services, error),
  });
  return async ({ request, principal, body }) => {
    const [text, init] = await handle({
      method: 'POST',
      url: '/graphql',
      // With this media type, invalid requests have the status 400.
      headers: {
        'content-type': request.headers['content-type'] ?? '',
        accept: 'application/graphql-response+json',
      },
      body,
      raw: request,
      context: principal,
    });
    const headers = { ...init.headers, 'cache-control': 'no-store' };
    return { status: statusOf(init.status, text), headers, body: text ?? '' };
  };
}

function withResolvers(schema: GraphQLSchema, resolvers: Resolvers): GraphQLSchema {
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    const existing = type !== undefined && type !== null && 'getFields' in type ? type.getFields() : {};
    for (const [name, resolve] of Object.entries(fields)) {
      const field = existing[name];
      if (field === undefined || !('resolve' in field)) throw new Error(`bug: no field ${typeName}.${name}`);
      field.resolve = withBudget(resolve);
    }
  }
  return schema;
}

const STATUS_BY_CODE = new Map([
  ['"code":"TOO_LARGE"', 413],
  ['"code":"UNAVAILABLE"', 503],
]);

/** Responses without data have a status that says why. */
function statusOf(status: number, body: string | null): number {
  if (status !== 200 || body === null || !body.endsWith('"data":null}')) return status;
  for (const [code, other] of STATUS_BY_CODE) if (body.includes(code)) return other;
  return status;
}

/** Keeps messages that are written for clients, and hides the causes of all others. */
function formatError({ log }: Services, error: Readonly<GraphQLError | Error>): GraphQLError | Error {
  if (!(error instanceof GraphQLError)) return withCode(error.message, 'BAD_USER_INPUT');
  const { originalError } = error;
  if (typeof error.extensions['code'] === 'string') return error;
  if (originalError === undefined || originalError === null)
    return new GraphQLError(error.message, { ...located(error), extensions: { code: 'BAD_USER_INPUT' } });
  if (isUnreachable(originalError))
    return withCode('the database of the registry is unavailable', 'UNAVAILABLE', error);
  if (isDataException(originalError))
    return withCode('a value cannot be what it is used as', 'BAD_USER_INPUT', error);
  log.error({ err: originalError, path: error.path }, 'resolver failed');
  return withCode('internal server error', 'INTERNAL_SERVER_ERROR', error);
}

function withCode(message: string, code: string, error?: GraphQLError): GraphQLError {
  return new GraphQLError(message, { ...(error && located(error)), extensions: { code } });
}

function located({ nodes, path }: GraphQLError) {
  return { nodes: nodes ?? null, path: path ?? null };
}

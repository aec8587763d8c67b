import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { buildSubgraph } from '@apollo/federation-internals';
import { graphql } from 'graphql';
import type { GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import { messageOf } from '../../router/shared/error-message.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { mockEntity, resolveMock } from './mock-values.ts';

/** A subgraph that responds with invented values, over HTTP on a free port of this machine. */
export type MockSubgraph = AsyncDisposable & {
  readonly url: string;
  /**
   * Replaces the schema.
   * @throws {Error} if the SDL is not the schema of a subgraph
   */
  readonly setSchema: (sdl: string) => void;
};

/** Starts a mock; until it has a schema, it responds with errors. */
export async function startMockSubgraph(name: string): Promise<MockSubgraph> {
  let current: { readonly schema: GraphQLSchema; readonly sdl: string } | undefined;
  const server = createServer((request, response) => {
    void respond(request).then((body) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });

  async function respond(request: IncomingMessage): Promise<unknown> {
    try {
      if (current === undefined) throw new Error(`the mock of ${name} has no schema yet`);
      return await execute(current, JSON.parse(await text(request)));
    } catch (error) {
      return { errors: [{ message: messageOf(error) }] };
    }
  }

  await listening(server, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${addressOf(server).port}/graphql`,
    setSchema(sdl) {
      if (sdl === current?.sdl) return;
      current = { sdl, schema: buildSubgraph(name, '', sdl).schema.toGraphQLJSSchema() };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function execute(
  { schema, sdl }: { readonly schema: GraphQLSchema; readonly sdl: string },
  request: unknown,
): Promise<unknown> {
  if (!isRecord(request) || typeof request['query'] !== 'string') throw new Error('the request has no query');
  const { query, variables, operationName } = request;
  return graphql({
    schema,
    source: query,
    variableValues: isRecord(variables) ? variables : {},
    operationName: typeof operationName === 'string' ? operationName : null,
    fieldResolver: createResolver(sdl),
    typeResolver: (value) => (isRecord(value) ? String(value['__typename']) : undefined),
  });
}

/** Resolves the fields that federation adds, and mocks all others. */
function createResolver(sdl: string): GraphQLFieldResolver<unknown, unknown> {
  return (source, args: Record<string, unknown>, context, info) => {
    if (info.parentType.name !== info.schema.getQueryType()?.name)
      return resolveMock(source, args, context, info);
    switch (info.fieldName) {
      case '_service':
        return { sdl };
      case '_entities':
        return [args['representations']].flat().map(mockEntity);
      default:
        return resolveMock(source, args, context, info);
    }
  };
}

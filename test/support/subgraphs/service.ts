import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { graphql, parse } from 'graphql';
import type { GraphQLFieldResolver } from 'graphql';
import { isFederationOne } from '../../differential/federation-one.ts';
import { addressOf, listening } from '../../../router/http/sockets/listeners.ts';

type Resolvers = Readonly<
  Record<
    string,
    Readonly<Record<string, GraphQLFieldResolver<never, unknown> | ((reference: never) => unknown)>>
  >
>;

export type ServiceDefinition = { readonly sdl: string; readonly resolvers: Resolvers };

type ReceivedCall = {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
};

/** A subgraph over real HTTP that records its requests. */
export type Service = AsyncDisposable & {
  readonly url: string;
  readonly sdl: string;
  readonly calls: readonly ReceivedCall[];
};

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@cost", "@listSize"])';

export async function startService({ sdl, resolvers }: ServiceDefinition, port = 0): Promise<Service> {
  const whole = sdl.includes('@link(') || isFederationOne(sdl) ? sdl : `${LINK}\n${sdl}`;
  // buildSubgraphSchema itself checks the shape of a resolver map.
  const schema = buildSubgraphSchema([{ typeDefs: parse(whole), resolvers: resolvers as never }]);
  const calls: ReceivedCall[] = [];
  const server = createServer((request, response) => {
    void text(request).then(async (body) => {
      calls.push({ headers: request.headers, body });
      const { query, variables } = JSON.parse(body);
      const result = await graphql({ schema, source: query, variableValues: variables });
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result));
    });
  });
  await listening(server, { host: '127.0.0.1', port });
  return {
    url: `http://127.0.0.1:${addressOf(server).port}/graphql`,
    sdl: whole,
    calls,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { ApolloServer, type ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
} from '@apollo/server/plugin/disabled';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse, type GraphQLFieldResolver, type GraphQLScalarType } from 'graphql';
import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Caller } from './caller.ts';
import { isUnexpected, maskError } from './errors.ts';
import type { InboundRequest } from './inbound-request.ts';

/** What every resolver can rely on; a subgraph's own context adds its loaders. */
export type RequestFacts = {
  /** The request itself, for calls to other services. */
  readonly inbound: InboundRequest;
  readonly caller: Caller;
  readonly log: Logger;
  /** Aborted when nobody waits for the response any more. */
  readonly signal: AbortSignal;
};

/** Resolvers declare the source and arguments they take; GraphQL has checked both against the schema. */
export type Resolvers = Record<
  string,
  // oxlint-disable-next-line typescript/no-explicit-any -- the resolvers of one map differ in source and arguments
  GraphQLScalarType | Record<string, GraphQLFieldResolver<any, any>>
>;

/** Federation 2 over Apollo Server, without the plugins a subgraph behind a router has no use for. */
export async function startEngine<Context extends RequestFacts>(
  schemaFile: URL,
  resolvers: Resolvers,
): Promise<ApolloServer<Context>> {
  const typeDefs = parse(readFileSync(schemaFile, 'utf8'));
  const engine = new ApolloServer<Context>({
    schema: buildSubgraphSchema([{ typeDefs, resolvers }]),
    introspection: true,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    persistedQueries: false,
    formatError: maskError,
    plugins: [
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      errorLog<Context>(),
    ],
  });
  await engine.start();
  return engine;
}

/** The client sees a masked message; the log has the cause, under the same request id. */
function errorLog<Context extends RequestFacts>(): ApolloServerPlugin<Context> {
  return {
    async requestDidStart({ contextValue: { log } }) {
      return {
        async didEncounterErrors({ errors }) {
          for (const error of errors.filter(isUnexpected)) {
            log.error({ err: error.originalError ?? error, path: error.path }, 'resolver failed');
          }
        },
      };
    },
  };
}

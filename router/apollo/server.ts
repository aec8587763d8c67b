import { ApolloServer } from '@apollo/server';
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { DocumentNode, GraphQLError, GraphQLSchema } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { MAX_VALIDATION_ERRORS, withinLimits } from '../limits/check-document.ts';
import { finiteFloats } from '../shared/graphql/finite-floats.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { createGateway } from './gateway.ts';

/** Result of reading a document: the valid document, or its errors. */
export type DocumentResult = { document?: DocumentNode; errors?: readonly GraphQLError[] };

/**
 * Context that Apollo Server passes to its plugins. Each plugin receives a shallow copy, so the document or
 * its errors are written into a nested object, which all copies share.
 */
export type DocumentContext = BaseContext & { readonly result: DocumentResult };

/** Schema against which documents are validated, given as the SDL of a supergraph or as a schema object. */
export type DocumentSchema = { readonly supergraphSdl: string } | { readonly schema: GraphQLSchema };

/**
 * Starts Apollo Server for a supergraph (through Apollo Gateway) or for a schema. The server parses and
 * validates documents but executes none.
 * @throws {Error} if the gateway or the server rejects the supergraph
 */
export async function startApolloServer(
  validated: DocumentSchema,
  { mode, supergraph, limits }: Pick<Config, 'mode' | 'supergraph' | 'limits'>,
  { log }: Pick<Telemetry, 'log'>,
): Promise<ApolloServer<DocumentContext>> {
  const server = new ApolloServer<DocumentContext>({
    ...('schema' in validated ? validated : { gateway: createGateway(validated.supergraphSdl) }),
    plugins: [...DISABLED, resultPlugin],
    introspection: supergraph.introspection ?? mode === 'development',
    hideSchemaDetailsFromClientErrors: mode === 'production',
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    // CSRF prevention and persisted queries are disabled: the router handles both before it reads a document.
    csrfPrevention: false,
    persistedQueries: false,
    // Apollo Server need not cache documents, because the router caches valid ones with their prepared
    // operations.
    documentStore: null,
    parseOptions: { maxTokens: limits.tokens },
    validationRules: [withinLimits(limits), finiteFloats],
    validationOptions: { maxErrors: MAX_VALIDATION_ERRORS, hideSuggestions: mode === 'production' },
    nodeEnv: mode,
    logger: log,
  });
  await server.start();
  return server;
}

/** Plugin that stores the valid document or its errors, and ends the request before execution. */
const resultPlugin: ApolloServerPlugin<DocumentContext> = {
  async requestDidStart() {
    return {
      async didEncounterErrors({ errors, contextValue }) {
        contextValue.result.errors = errors;
      },
      async didResolveOperation({ document, contextValue }) {
        contextValue.result.document = document;
      },
      async responseForOperation({ response: { http } }) {
        return { http, body: { kind: 'single', singleResult: {} } };
      },
    };
  },
};

// Plugins that switch off the features that Apollo Server enables by default. The router does not need these
// features, or has its own.
const DISABLED = [
  ApolloServerPluginCacheControlDisabled(),
  ApolloServerPluginInlineTraceDisabled(),
  ApolloServerPluginSchemaReportingDisabled(),
  ApolloServerPluginUsageReportingDisabled(),
];

import { composeServices } from '@apollo/composition';
import { parse } from 'graphql';
import { createReadDocument } from '../../../router/apollo/read-document.ts';
import type { ReadDocument } from '../../../router/apollo/read-document.ts';
import { startApolloServer } from '../../../router/apollo/server.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import { createTelemetry } from '../../../router/telemetry/telemetry.ts';

/** Reads documents as the router does, with Apollo Server over Apollo Gateway, for a schema of one field. */
export async function startReadingDocuments(
  config: Config,
): Promise<AsyncDisposable & { read: ReadDocument }> {
  const typeDefs = parse('type Query { a: Int }');
  const { supergraphSdl = '' } = composeServices([{ name: 'one', url: 'http://one.test/', typeDefs }]);
  const server = await startApolloServer({ supergraphSdl }, config, createTelemetry(config.telemetry));
  return {
    read: createReadDocument(server, config.limits),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

import { buildSchema } from 'graphql';
import { createReadDocument } from '../../../router/apollo/read-document.ts';
import type { ReadDocument } from '../../../router/apollo/read-document.ts';
import { startApolloServer } from '../../../router/apollo/server.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import { createTelemetry } from '../../../router/telemetry/telemetry.ts';

/** Reads documents as the router does, with Apollo Server, for a schema of one field. */
export async function startReadingDocuments(
  config: Config,
): Promise<AsyncDisposable & { read: ReadDocument }> {
  const schema = buildSchema('type Query { a: Int }');
  const server = await startApolloServer({ schema }, config, createTelemetry(config.telemetry));
  return {
    read: createReadDocument(server, config.limits),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

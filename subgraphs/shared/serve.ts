import { startEngine, type RequestFacts, type Resolvers } from './graphql-engine.ts';
import { listen } from './http-server.ts';
import type { Parts } from './parts.ts';
import { createHandler } from './request-handler.ts';
import type { Settings } from './settings.ts';
import { createVerifier } from './verify.ts';

export type SubgraphDefinition<Context extends RequestFacts> = {
  /** The subgraph's schema.graphql. */
  readonly schema: URL;
  readonly resolvers: Resolvers;
  /** Called once a request: loaders must not outlive the caller they loaded for. */
  readonly createContext: (request: RequestFacts) => Context;
  readonly isReady: () => Promise<boolean>;
  /** Runs after the last request has been answered. */
  readonly close: () => Promise<void>;
  /** Public documents by path, answered to GET without a signature. */
  readonly routes?: Readonly<Record<string, () => Promise<unknown>>>;
};

export type RunningSubgraph = AsyncDisposable & {
  /** The GraphQL endpoint. */
  readonly url: string;
  readonly port: number;
  readonly close: () => Promise<void>;
};

/** Serves a subgraph until closed: first the port, then the requests in flight, then the database. */
export async function serveSubgraph<Context extends RequestFacts>(
  settings: Settings,
  parts: Parts,
  definition: SubgraphDefinition<Context>,
): Promise<RunningSubgraph> {
  try {
    return await open(settings, parts, definition);
  } catch (error) {
    await definition.close();
    throw error;
  }
}

async function open<Context extends RequestFacts>(
  settings: Settings,
  parts: Parts,
  definition: SubgraphDefinition<Context>,
): Promise<RunningSubgraph> {
  const { schema, resolvers, createContext, isReady, routes = {} } = definition;
  const engine = await startEngine<Context>(schema, resolvers);
  const verify = createVerifier({
    audience: settings.name,
    keys: [...settings.identityKeys, ...settings.serviceKeys],
    issuers: [settings.issuerUrl],
    now: parts.now,
  });
  const handle = createHandler({ engine, verify, createContext, isReady, routes, parts });
  const server = await listen(settings, handle);
  const url = `${settings.tls === null ? 'http' : 'https'}://${settings.host}:${server.port}/graphql`;
  parts.log.info({ url }, 'subgraph ready');

  const stop = async () => {
    await server.close();
    await engine.stop();
    await definition.close();
    parts.log.info('subgraph stopped');
  };
  let stopping: Promise<void> | undefined;
  const close = () => (stopping ??= stop());
  return { url, port: server.port, close, [Symbol.asyncDispose]: close };
}

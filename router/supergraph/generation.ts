import { createHash } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { ApolloGateway } from '@apollo/gateway';
import type { GraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import type { ApolloServerOptionsWithGateway, ApolloServerPlugin } from '@apollo/server';
import type { GraphQLSchema } from 'graphql';

/** What a supergraph SDL says. */
export type Graph = {
  /** The first characters of the SHA-256 of the SDL. */
  readonly id: string;
  readonly supergraphSdl: string;
  /** The schema that clients see. */
  readonly schema: GraphQLSchema;
  /** Subgraph name to URL. */
  readonly routes: ReadonlyMap<string, string>;
};

/** One supergraph being served. Requests pin it; it is taken down when the last of them has been answered. */
export type Generation<Exchange extends object, Operations> = AsyncDisposable & {
  readonly graph: Graph;
  readonly server: ApolloServer<Exchange>;
  readonly operations: Operations;
};

/** What a generation is made of beside its graph. */
export type GenerationParts<Exchange extends object, Operations> = {
  readonly createOperations: (graph: Graph) => Promise<Operations>;
  readonly createPlugin: (operations: Operations) => ApolloServerPlugin<Exchange>;
  /** Answers an operation in the gateway's place; undefined leaves the gateway's own executor. */
  readonly createExecutor: (operations: Operations) => ApolloGateway['executor'] | undefined;
  readonly createDataSource: (subgraph: string, graph: Graph) => GraphQLDataSource;
  readonly serverOptions: Omit<ApolloServerOptionsWithGateway<Exchange>, 'gateway' | 'plugins'>;
};

/**
 * Builds a gateway and a server for a supergraph SDL.
 * @throws {Error} naming what keeps the supergraph from being served
 */
export async function createGeneration<Exchange extends object, Operations extends AsyncDisposable>(
  supergraphSdl: string,
  parts: GenerationParts<Exchange, Operations>,
): Promise<Generation<Exchange, Operations>> {
  const graph = describeGraph(supergraphSdl);
  await using built = new AsyncDisposableStack();
  const operations = built.use(await parts.createOperations(graph));
  const gateway = createGateway(graph, parts);
  const executor = parts.createExecutor(operations);
  if (executor !== undefined) gateway.executor = executor;
  const server = new ApolloServer<Exchange>({
    ...parts.serverOptions,
    gateway,
    plugins: [parts.createPlugin(operations)],
  });
  await server.start();
  built.defer(() => server.stop());
  const owned = built.move();
  return { graph, server, operations, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/**
 * Reads a supergraph SDL.
 * @throws {Error} when it is no supergraph or names a subgraph without an http(s) URL
 */
export function describeGraph(supergraphSdl: string): Graph {
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures: null, validateSupergraph: true });
  const routes = new Map(supergraph.subgraphsMetadata().map(({ name, url }) => [name, url]));
  for (const [name, url] of routes) checkUrl(name, url);
  return {
    id: createHash('sha256').update(supergraphSdl).digest('hex').slice(0, 12),
    supergraphSdl,
    schema: supergraph.apiSchema().toGraphQLJSSchema(),
    routes,
  };
}

function checkUrl(name: string, url: string): void {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(`subgraph ${name} has the URL "${url}"; it must begin with http:// or https://`);
  }
}

function createGateway<Exchange extends object, Operations>(
  graph: Graph,
  parts: GenerationParts<Exchange, Operations>,
): ApolloGateway {
  return new ApolloGateway({
    supergraphSdl: graph.supergraphSdl,
    buildService: ({ name }) => parts.createDataSource(name, graph),
    logger: SILENT,
    __exposeQueryPlanExperimental: false,
  });
}

// The gateway reports through the errors it throws; its own lines would double ours.
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  return undefined;
}

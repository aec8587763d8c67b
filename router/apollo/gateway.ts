import { createHash } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { ApolloGateway } from '@apollo/gateway';
import type { GraphQLDataSource } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import type { ApolloServerOptionsWithGateway, ApolloServerPlugin } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { assertValidSchema } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { keepLiteralsExact } from '../shared/graphql/exact-scalars.ts';

/** A supergraph as its SDL describes it. */
export type Graph = {
  /** The version: see `versionOf`. */
  readonly id: string;
  /** As it was published. */
  readonly supergraphSdl: string;
  /** The schema that clients see. */
  readonly schema: GraphQLSchema;
  /** All of the supergraph, what is hidden from clients included. */
  readonly supergraphSchema: GraphQLSchema;
  /** Subgraph name to URL. */
  readonly routes: ReadonlyMap<string, string>;
};

/** One supergraph being served. Requests pin it; it is taken down when the last of them has been answered. */
export type Generation<Context extends object, Parts> = AsyncDisposable & {
  readonly graph: Graph;
  readonly server: ApolloServer<Context>;
  /** What the composition root has built for this graph. */
  readonly parts: Parts;
};

/** How a generation's parts are made for a graph and put into Apollo's places. */
export type GenerationRecipe<Context extends object, Parts> = {
  readonly createParts: (graph: Graph) => Promise<Parts>;
  readonly createPlugin: (parts: Parts) => ApolloServerPlugin<Context>;
  /** What answers an operation in place of the gateway's own executor, or with its help. */
  readonly createExecutor: (parts: Parts, stock: ApolloGateway['executor']) => ApolloGateway['executor'];
  readonly createDataSource: (subgraph: string, parts: Parts) => GraphQLDataSource;
  readonly serverOptions: Omit<ApolloServerOptionsWithGateway<Context>, 'gateway' | 'plugins'>;
};

/** A supergraph as it was published, and as Apollo's gateway can serve it: without what the router enforces itself. */
type Published = { readonly published: string; readonly servable: string };

/**
 * Builds a gateway and a server for a supergraph.
 * @throws {Error} when Apollo's gateway or server rejects it
 */
export async function createGeneration<Context extends object, Parts extends AsyncDisposable>(
  { graph, servableSdl }: { readonly graph: Graph; readonly servableSdl: string },
  recipe: GenerationRecipe<Context, Parts>,
): Promise<Generation<Context, Parts>> {
  await using built = new AsyncDisposableStack();
  const parts = built.use(await recipe.createParts(graph));
  const gateway = new ApolloGateway({
    supergraphSdl: servableSdl,
    buildService: ({ name }) => recipe.createDataSource(name, parts),
    logger: SILENT,
    __exposeQueryPlanExperimental: false,
  });
  gateway.executor = recipe.createExecutor(parts, gateway.executor);
  const plugins = [...OFF, recipe.createPlugin(parts)];
  const server = new ApolloServer<Context>({ ...recipe.serverOptions, gateway, plugins });
  await server.start();
  built.defer(() => server.stop());
  const owned = built.move();
  return { graph, server, parts, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

// Apollo Server switches these on by itself; the router does their work elsewhere, or not at all.
const OFF = [
  ApolloServerPluginCacheControlDisabled(),
  ApolloServerPluginInlineTraceDisabled(),
  ApolloServerPluginLandingPageDisabled(),
  ApolloServerPluginSchemaReportingDisabled(),
  ApolloServerPluginUsageReportingDisabled(),
];

/**
 * Reads a supergraph SDL.
 * @throws {Error} when it is not a supergraph or has a subgraph without an http(s) URL
 */
export function describeGraph({ published, servable }: Published): Graph {
  const supergraph = Supergraph.build(servable, { validateSupergraph: true });
  const routes = new Map(supergraph.subgraphsMetadata().map(({ name, url }) => [name, url]));
  for (const [name, url] of routes) checkUrl(name, url);
  const schema = supergraph.apiSchema().toGraphQLJSSchema();
  assertValidSchema(schema);
  keepLiteralsExact(schema);
  return {
    id: versionOf(published),
    supergraphSdl: published,
    schema,
    supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
    routes,
  };
}

/** Returns the version of a supergraph: the first characters of the SHA-256 of its SDL. */
export function versionOf(supergraphSdl: string): string {
  return createHash('sha256').update(supergraphSdl).digest('hex').slice(0, 12);
}

function checkUrl(name: string, url: string): void {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(`subgraph ${name} has the URL "${url}"; it must begin with http:// or https://`);
  }
}

// The gateway reports through the errors it throws; its own lines would double ours.
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  return undefined;
}

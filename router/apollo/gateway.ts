import { createHash } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { ApolloGateway } from '@apollo/gateway';
import { assertValidSchema } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { keepLiteralsExact } from '../shared/graphql/exact-scalars.ts';
import type { Introspection } from '../execution/response/introspection.ts';
import type { HiddenDefaults } from '../shared/graphql/hidden-defaults.ts';

/** A supergraph as its SDL describes it. */
export type Graph = {
  /** The version: see `versionOf`. */
  readonly id: string;
  /** As it was published. */
  readonly supergraphSdl: string;
  /** The schema that clients see. */
  readonly schema: GraphQLSchema;
  readonly introspection: Introspection;
  /** The schema with everything that is hidden from clients. */
  readonly supergraphSchema: GraphQLSchema;
  /** Subgraph name to URL. */
  readonly routes: ReadonlyMap<string, string>;
};

type SupergraphTexts = {
  readonly published: string;
  /** Without what the router enforces itself, and with hidden default values. */
  readonly servable: DocumentNode;
  readonly defaults: HiddenDefaults;
};

/**
 * Reads a supergraph SDL.
 * @throws {Error} when it is not a supergraph or has a subgraph without an http(s) URL
 */
export function describeGraph({ published, servable, defaults }: SupergraphTexts): Graph {
  const supergraph = Supergraph.build(servable, { validateSupergraph: true });
  const routes = new Map(supergraph.subgraphsMetadata().map(({ name, url }) => [name, url]));
  for (const [name, url] of routes) checkUrl(name, url);
  const introspected = supergraph.apiSchema().toGraphQLJSSchema();
  assertValidSchema(introspected);
  const schema = defaults.setDefaults(supergraph.apiSchema().toGraphQLJSSchema());
  keepLiteralsExact(schema);
  return {
    id: versionOf(published),
    supergraphSdl: published,
    schema,
    introspection: { schema: introspected, show: defaults.showInJson },
    supergraphSchema: defaults.setDefaults(supergraph.schema.toGraphQLJSSchema()),
    routes,
  };
}

/** Returns the version of a supergraph: the first characters of the SHA-256 of its SDL. */
export function versionOf(supergraphSdl: string): string {
  return createHash('sha256').update(supergraphSdl).digest('hex').slice(0, 12);
}

/** Returns the gateway that gives Apollo Server the schema of a supergraph. It executes nothing: `pipeline.ts` does. */
export function createGateway(supergraphSdl: string): ApolloGateway {
  const gateway = new ApolloGateway({ supergraphSdl, logger: SILENT, __exposeQueryPlanExperimental: false });
  gateway.executor = () => Promise.reject(new Error('bug: an operation reached the executor of the gateway'));
  return gateway;
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

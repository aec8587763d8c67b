import { createHash } from 'node:crypto';
import { Supergraph } from '@apollo/federation-internals';
import { assertValidSchema } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { keepLiteralsExact } from '../shared/graphql/exact-scalars.ts';
import type { Introspection } from '../execution/response/introspection.ts';
import type { HiddenDefaults } from '../shared/graphql/hidden-defaults.ts';

/** A supergraph as described by its SDL: its version, schemas and subgraph URLs. */
export type Graph = {
  /** Version of the supergraph: the first characters of the SHA-256 of its SDL. */
  readonly id: string;
  /** The SDL of the supergraph as it was published, with all directives. */
  readonly supergraphSdl: string;
  /** API schema, which clients see. */
  readonly schema: GraphQLSchema;
  readonly introspection: Introspection;
  /** The full schema: the API schema together with the elements that are hidden from clients. */
  readonly supergraphSchema: GraphQLSchema;
  /** URLs of the subgraphs, by name. */
  readonly routes: ReadonlyMap<string, string>;
};

type SupergraphTexts = {
  readonly published: string;
  /**
   * Document of the supergraph for Apollo's packages, without the directives that the router enforces itself.
   * Placeholders replace the default values of custom scalars, because Apollo's packages would change some of
   * these values, such as large integers.
   */
  readonly servable: DocumentNode;
  readonly defaults: HiddenDefaults;
};

/**
 * Reads a supergraph SDL.
 * @throws {Error} if it is not a supergraph, or a subgraph has no http(s) URL
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

function checkUrl(name: string, url: string): void {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw new Error(
      `subgraph ${name} has the URL "${url}"; expected a URL that begins with http:// or https://`,
    );
  }
}

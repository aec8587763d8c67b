import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { parse } from 'graphql';
import type { GraphQLSchema } from 'graphql';

/** Returns the API schema of subgraphs, given their SDL by name. */
export function clientSchema(subgraphs: Iterable<readonly [name: string, sdl: string]>): GraphQLSchema {
  const services = [...subgraphs].map(([name, sdl]) => ({ name, url: '', typeDefs: parse(sdl) }));
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error(errors?.join('\n'));
  return Supergraph.build(supergraphSdl, { supportedFeatures: null }).apiSchema().toGraphQLJSSchema();
}

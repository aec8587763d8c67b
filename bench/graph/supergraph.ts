import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { execute, parse, print } from 'graphql';
import { extractAuthDirectives } from '../../router/authorization/extract-auth-directives.ts';
import { shop } from './shop.ts';
import { SUBGRAPHS, schemaFile } from './subgraphs.ts';
import type { Subgraph } from './subgraphs.ts';

/**
 * Composes the supergraph without the shop's authorization directives, which not every target supports.
 * @throws {Error} with every composition error
 */
export function composeSupergraph(urls: Readonly<Record<Subgraph, string>>): string {
  const { supergraphSdl, errors } = composeServices(
    SUBGRAPHS.map((name) => ({
      name,
      url: urls[name],
      typeDefs: parse(readFileSync(schemaFile(name), 'utf8')),
    })),
  );
  if (supergraphSdl === undefined) throw new Error(errors?.map(({ message }) => message).join('\n'));
  return print(extractAuthDirectives(parse(supergraphSdl)).document);
}

export type Operation = { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> };

/**
 * Executes operations on one executable schema without federation; all targets must return the same response.
 */
export function createReference(supergraphSdl: string): (operation: Operation) => Promise<unknown> {
  const schema = Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema();
  return async ({ query, variables = {} }) => {
    const result = await execute({
      schema,
      document: parse(query),
      rootValue: shop,
      variableValues: variables,
    });
    if (result.errors !== undefined) throw new Error(`the reference fails: ${result.errors.join('\n')}`);
    return result;
  };
}

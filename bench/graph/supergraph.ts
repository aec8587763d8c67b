import { readFileSync } from 'node:fs';
import { composeServices } from '@apollo/composition';
import { Supergraph } from '@apollo/federation-internals';
import { execute, parse } from 'graphql';
import { separateAuthorization } from '../../router/authorization/separate.ts';
import { shop } from './shop.ts';
import { SUBGRAPHS, schemaFile } from './subgraphs.ts';
import type { Subgraph } from './subgraphs.ts';

/**
 * Without the shop's demands of authorization, which not every contestant can serve.
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
  return separateAuthorization(supergraphSdl).sdl;
}

export type Question = { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> };

/** Answers from one executable schema without any federation: what every contestant has to answer, too. */
export function createReference(supergraphSdl: string): (question: Question) => Promise<unknown> {
  const schema = Supergraph.build(supergraphSdl).apiSchema().toGraphQLJSSchema();
  return async ({ query, variables = {} }) => {
    const answer = await execute({
      schema,
      document: parse(query),
      rootValue: shop,
      variableValues: variables,
    });
    if (answer.errors !== undefined) throw new Error(`the reference fails: ${answer.errors.join('\n')}`);
    return answer;
  };
}

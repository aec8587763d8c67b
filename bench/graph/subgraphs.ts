import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { entities, shop } from './shop.ts';

export const SUBGRAPHS = ['order', 'product', 'user', 'shipping', 'inventory'] as const;

export type Subgraph = (typeof SUBGRAPHS)[number];

const ENTITIES: Readonly<Record<Subgraph, readonly string[]>> = {
  order: ['Order', 'User'],
  product: ['Product'],
  user: ['User'],
  shipping: ['Order', 'Product'],
  inventory: ['Product'],
};

const folder = join(import.meta.dirname, '..', '..', 'subgraphs');

/** Path of the shop's schema of a subgraph. */
export function schemaFile(subgraph: Subgraph): string {
  return join(folder, subgraph, 'schema.graphql');
}

/** Returns a function that executes the requests of one subgraph. */
export function createSubgraph(subgraph: Subgraph): (body: string) => Promise<string> {
  const schema = buildSchema(subgraph);
  return async (body) => {
    const { query, variables, operationName } = JSON.parse(body);
    const result = await execute({
      schema,
      document: parse(query),
      rootValue: shop,
      variableValues: variables ?? {},
      operationName,
    });
    return JSON.stringify(result);
  };
}

function buildSchema(subgraph: Subgraph): GraphQLSchema {
  const resolvers = Object.fromEntries(
    ENTITIES[subgraph].map((type) => [
      type,
      {
        __resolveReference: async (representation: Readonly<Record<string, string>>) =>
          entities[type]?.(representation),
      },
    ]),
  );
  return buildSubgraphSchema([{ typeDefs: parse(readFileSync(schemaFile(subgraph), 'utf8')), resolvers }]);
}

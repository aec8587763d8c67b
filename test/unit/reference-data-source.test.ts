import { composeServices } from '@apollo/composition';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { parse } from 'graphql';
import { expect, it } from 'vitest';
import type { Send, SubgraphRequest, SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { createDataSource } from '../differential/reference/data-source.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])';
const SUBGRAPHS = {
  product: `${LINK} type Query { products: [Product] first: Product } type Mutation { touch: Product }
    type Product @key(fields: "id") { id: ID! name: String }`,
  inventory: `${LINK} type Product @key(fields: "id") { id: ID! inStock: Boolean }`,
};

const product = { __typename: 'Product', id: '1', name: 'Lamp' };
const down: SubgraphResponse = {
  kind: 'failed',
  failure: {
    code: 'SUBGRAPH_TIMEOUT',
    service: 'inventory',
    message: 'inventory did not respond in time',
    breaker: 'closed',
  },
};

/** Runs an operation through Apollo Gateway’s own executor, with every call sent through `send`. */
async function run(query: string, send: Send) {
  const services = Object.entries(SUBGRAPHS).map(([name, sdl]) => ({
    name,
    url: 'http://x.test/',
    typeDefs: parse(sdl),
  }));
  const { supergraphSdl = '' } = composeServices(services);
  const { signal } = new AbortController();
  const gateway = new ApolloGateway({
    supergraphSdl,
    buildService: ({ name }) => createDataSource(name, () => ({ send, signal })),
  });
  const server = new ApolloServer({ gateway });
  try {
    const { body } = await server.executeOperation({ query });
    return body.kind === 'single' ? body.singleResult : undefined;
  } finally {
    await server.stop();
  }
}

it('lets the gateway fetch entities through send, each fetch by its own operation type', async () => {
  const requests: SubgraphRequest[] = [];
  const result = await run('mutation { touch { name inStock } }', async (request) => {
    requests.push(request);
    const data = request.subgraph === 'product' ? { touch: product } : { _entities: [{ inStock: true }] };
    return { kind: 'received', data, errors: [] };
  });
  expect(result?.data).toEqual({ touch: { name: 'Lamp', inStock: true } });
  expect(requests.map(({ subgraph, operation }) => [subgraph, operation])).toEqual([
    ['product', 'mutation'],
    ['inventory', 'query'],
  ]);
  expect(JSON.parse(requests[1]?.body ?? '')).toMatchObject({
    variables: { representations: [{ __typename: 'Product', id: '1' }] },
  });
});

it.each([
  ['{ first { name inStock } }', { first: product }, ['first']],
  ['{ products { name inStock } }', { products: [product] }, ['products']],
])('locates the failure of an entity fetch in %s', async (query, data, path) => {
  const result = await run(query, async ({ subgraph }) =>
    subgraph === 'product' ? { kind: 'received', data, errors: [] } : down,
  );
  expect(result?.data).not.toBeNull();
  expect(result?.errors).toHaveLength(1);
  expect(result?.errors?.[0]).toMatchObject({
    message: 'inventory did not respond in time',
    path,
    extensions: { code: 'SUBGRAPH_TIMEOUT', service: 'inventory', breaker: 'closed' },
  });
});

it('locates the failure of a root fetch at its field', async () => {
  const result = await run('{ lamp: first { name } }', async () => down);
  expect(result).toMatchObject({
    data: { lamp: null },
    errors: [{ path: ['lamp'], extensions: { code: 'SUBGRAPH_TIMEOUT' } }],
  });
});

it('keeps the data of a subgraph beside its errors, and names the service', async () => {
  const result = await run('{ first { name } }', async () => ({
    kind: 'received',
    data: { first: { ...product, name: null } },
    errors: [{ message: 'no name', path: ['first', 'name'] }],
  }));
  expect(result).toMatchObject({
    data: { first: { name: null } },
    errors: [
      {
        message: 'no name',
        path: ['first', 'name'],
        extensions: { code: 'SUBGRAPH_ERROR', service: 'product' },
      },
    ],
  });
});

import { expect, test } from 'vitest';
import { federatedGraph } from '../support/graphs/federated-graph.ts';

const typeOf = (id: unknown) => (id === '1' ? 'Bread' : 'Cake');

/** Only `b` knows the types behind the interface, and `a` resolves no reference to it. */
const shop = federatedGraph({
  a: {
    typeDefs: `
      type Query { product: Product! products: [Product!]! box: Box item: Item }
      type Product @key(fields: "id", resolvable: false) @interfaceObject { id: ID! }
      type Box { inner: Product }
      type Bag { size: Int }
      union Item = Box | Bag
    `,
    resolvers: {
      Query: {
        product: () => ({ id: '1' }),
        products: () => [{ id: '1' }, { id: '2' }],
        box: () => ({ inner: { id: '1' } }),
        item: () => ({ __typename: 'Box', inner: { id: '2' } }),
      },
    },
  },
  b: {
    typeDefs: `
      interface Named { name: String }
      interface Product @key(fields: "id") { id: ID! }
      type Bread implements Product & Named @key(fields: "id") { id: ID! name: String }
      type Cake implements Product @key(fields: "id") { id: ID! layers: Int }
    `,
    resolvers: {
      Product: {
        __resolveReference: ({ id }) => ({ __typename: typeOf(id), id, name: 'rye', layers: 3 }),
      },
    },
  },
});

test.for<[string, unknown, Record<string, unknown>?]>([
  ['{ product { ... on Bread { id } } }', { product: { id: '1' } }],
  ['{ product { ... on Cake { id } } }', { product: {} }],
  ['{ product { id ... on Bread { id } } }', { product: { id: '1' } }],
  ['{ product { ... on Bread { id name } } }', { product: { id: '1', name: 'rye' } }],
  ['{ product { ... on Bread { x: id } } }', { product: { x: '1' } }],
  ['{ product { x: id ... on Bread { y: id name } } }', { product: { x: '1', y: '1', name: 'rye' } }],
  ['{ product { __typename ... on Bread { id } } }', { product: { __typename: 'Bread', id: '1' } }],
  ['{ product { ... on Bread { __typename id } } }', { product: { __typename: 'Bread', id: '1' } }],
  ['{ product { ... on Product { ... on Bread { id } } } }', { product: { id: '1' } }],
  ['{ product { ... on Named { ... on Bread { id } } } }', { product: { id: '1' } }],
  ['{ product { ... on Named { name } ... on Bread { id } } }', { product: { name: 'rye', id: '1' } }],
  ['{ product { ...F } } fragment F on Bread { id }', { product: { id: '1' } }],
  ['{ first: product { ... on Bread { id } } product { id } }', { first: { id: '1' }, product: { id: '1' } }],
  ['{ products { ... on Bread { id } } }', { products: [{ id: '1' }, {}] }],
  ['{ products { ... on Bread { id } ... on Cake { id } } }', { products: [{ id: '1' }, { id: '2' }] }],
  [
    '{ products { ... on Bread { y: id } ... on Cake { y: id layers } } }',
    { products: [{ y: '1' }, { y: '2', layers: 3 }] },
  ],
  ['{ box { inner { ... on Bread { id } } } }', { box: { inner: { id: '1' } } }],
  ['{ item { ... on Box { inner { ... on Cake { id } } } } }', { item: { inner: { id: '2' } } }],
  [
    'query ($c: Boolean!) { product { ... on Bread @include(if: $c) { id name } } }',
    { product: { id: '1', name: 'rye' } },
    { c: true },
  ],
  [
    'query ($c: Boolean!) { product { ... on Bread @include(if: $c) { id name } } }',
    { product: {} },
    { c: false },
  ],
  ['query ($c: Boolean!) { product { ... on Bread { x: id @skip(if: $c) } } }', { product: {} }, { c: true }],
])(
  'a key under a condition on the type is found without a resolvable key: %s',
  async ([document, data, variables]) => {
    const outcome = await shop.run(document, variables && { variables });
    expect({ data: outcome.data, errors: outcome.errors }).toEqual({ data, errors: [] });
    const asked = outcome.calls.filter(({ body }) => body.includes('_entities'));
    expect(asked.every(({ subgraph }) => subgraph === 'b')).toBe(true);
  },
);

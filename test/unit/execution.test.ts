import { describe, expect, test } from 'vitest';
import { federatedGraph } from '../support/federated-graph.ts';

const products = [
  { id: '1', name: 'Kettle', weight: 900, related: ['2'] },
  { id: '2', name: 'Mug', weight: 300, related: ['1', '2'] },
];

function productOf(id: unknown) {
  return products.find((product) => product.id === id) ?? null;
}

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { products: [Product!]! product(id: ID!): Product }
      type Product @key(fields: "id") { id: ID! name(language: String = "en"): String! weight: Int related: [Product!]! }
    `,
    resolvers: {
      Query: { products: () => products, product: (_, { id }) => productOf(id) },
      Product: {
        __resolveReference: ({ id }) => productOf(id),
        related: ({ id }) => productOf(id)?.related.map(productOf),
      },
    },
  },
  stock: {
    typeDefs: `
      type Product @key(fields: "id") { id: ID! weight: Int @external stock: Int shipping: Int @requires(fields: "weight") }
    `,
    resolvers: {
      Product: {
        __resolveReference: (reference: object) => reference,
        stock: ({ id }) => Number(id) * 10,
        shipping: ({ weight }) => Number(weight) / 100,
      },
    },
  },
});

describe('the executor', () => {
  test('joins entities of two services', async () => {
    const { data, errors, degraded, calls } = await shop.run(
      '{ products { title: name stock shipping related { id stock } } }',
    );
    expect({ data, errors, degraded }).toEqual({
      data: {
        products: [
          { title: 'Kettle', stock: 10, shipping: 9, related: [{ id: '2', stock: 20 }] },
          {
            title: 'Mug',
            stock: 20,
            shipping: 3,
            related: [
              { id: '1', stock: 10 },
              { id: '2', stock: 20 },
            ],
          },
        ],
      },
      errors: [],
      degraded: [],
    });
    expect(calls.length).toBe(3);
  });
});

import { expect, test } from 'vitest';
import { federatedGraph } from '../support/graphs/federated-graph.ts';
import type { Interposed } from '../support/graphs/federated-graph.ts';

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { products: [Product] must: Product! }
      type Product @key(fields: "id") { id: ID! weight: Int }
      type Disc @key(fields: "id") { id: ID! }
      extend type Query { discs: [Disc] featured: Featured }
      type Featured { product: Product }
    `,
    resolvers: {
      Query: {
        products: () => [{ id: '1' }, { id: '2' }],
        discs: () => [{ id: '3' }],
        featured: () => ({ product: { id: '1' } }),
      },
      Product: { weight: () => 5 },
    },
  },
  stock: {
    typeDefs: `
      type Query { depot(name: String): Depot full: Boolean }
      type Mutation { open: Int close: Int }
      type Depot { name: String }
      type Product @key(fields: "id") { id: ID! stock(at: String, from: String): Int copies: Int! }
    `,
    resolvers: {
      Query: { depot: () => ({ name: 'north' }) },
      Mutation: { open: () => 4, close: () => 5 },
      Product: {
        __resolveReference: (reference) => (reference['id'] === '2' ? null : reference),
        stock: () => 10,
        copies: () => 4,
      },
    },
  },
});

/** Rejects calls that select one of the fields. */
function holding(...fields: string[]): Interposed {
  return async ({ subgraph, fields: asked }, ask) => {
    const blockedFields = fields.filter((field) => asked?.coordinates.includes(field));
    if (blockedFields.length === 0) return ask();
    const message = 'A part of it is failing.';
    return {
      kind: 'failed',
      failure: { code: 'SUBGRAPH_CIRCUIT_OPEN', service: subgraph, message, breaker: 'open', blockedFields },
    };
  };
}

test('does not request a blocked field, and delivers the rest of its fetch', async () => {
  const document = `query ($at: String, $from: String, $name: String) {
    products { id stock(at: $at, from: $from) copies } depot(name: $name) { name }
  }`;
  const { data, errors, degraded, calls } = await shop.run(document, {
    variables: { at: 'north', from: 'now', name: 'n' },
    interposed: { stock: holding('Product.stock') },
  });
  expect(data).toEqual({ products: [{ id: '1', stock: null, copies: 4 }, null], depot: { name: 'north' } });
  expect(errors).toEqual([
    {
      message: 'A part of it is failing.',
      path: ['products', 0, 'stock'],
      extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN', service: 'stock' },
    },
    expect.objectContaining({
      path: ['products', 1, 'copies'],
      extensions: { code: 'ENTITY_NOT_FOUND', service: 'stock' },
    }),
  ]);
  expect(degraded).toMatchObject([
    { service: 'stock', reason: 'SUBGRAPH_CIRCUIT_OPEN', paths: [['products', 'stock']] },
  ]);
  const reduced = JSON.parse(
    calls.find(({ body }) => body.includes('copies') && !body.includes('stock'))?.body ?? '',
  );
  expect(reduced.query.replaceAll(/\s+/g, ' ')).toBe(
    'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Product { copies } } }',
  );
  expect(Object.keys(reduced.variables)).toEqual(['representations']);
});

test('reports a blocked root field at its path although null has propagated', async () => {
  const document = '{ must { id } depot { name } full }';
  const { data, errors, degraded } = await shop.run(document, {
    interposed: { stock: holding('Query.full') },
  });
  expect(data).toBe(null);
  expect(errors.map(({ path }) => path)).toEqual([['must'], ['full']]);
  expect(degraded).toMatchObject([{ paths: [['full']] }]);
});

test('makes no call if all fields of a fetch are blocked', async () => {
  const { data, errors, calls } = await shop.run('{ products { id stock } }', {
    interposed: { stock: holding('Product.stock', 'Product.copies') },
  });
  expect(data).toEqual({
    products: [
      { id: '1', stock: null },
      { id: '2', stock: null },
    ],
  });
  expect(errors.map(({ path }) => path)).toEqual([
    ['products', 0, 'stock'],
    ['products', 1, 'stock'],
  ]);
  expect(calls.filter(({ subgraph }) => subgraph === 'stock')).toHaveLength(1);
});

test.for([
  ['HALT', 1, null],
  ['PROPAGATE', 2, { open: null, close: 5 }],
] as const)(
  'starts a mutation without its blocked fields, unless an error ends it: %s',
  async ([onError, times, expected]) => {
    const { data, errors, calls } = await shop.run('mutation { open close }', {
      onError,
      interposed: { stock: holding('Mutation.open') },
    });
    expect(data).toEqual(expected);
    expect(errors).toMatchObject([{ path: ['open'], extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN' } }]);
    expect(calls).toHaveLength(times);
  },
);

test('reports the failure of the rest of a fetch for its blocked fields, too', async () => {
  const held = holding('Product.stock');
  const { errors } = await shop.run('{ products { id stock copies } }', {
    interposed: {
      stock: async (request, ask) => {
        const response = await held(request, ask);
        if (response.kind === 'failed') return response;
        return {
          kind: 'failed',
          failure: { code: 'SUBGRAPH_TIMEOUT', service: 'stock', message: 'It did not respond in time.' },
        };
      },
    },
  });
  expect(new Set(errors.map(({ extensions }) => extensions.code))).toEqual(new Set(['SUBGRAPH_TIMEOUT']));
});

test('a blocked field does not affect the fetches that are merged with its own', async () => {
  const document = '{ products { stock } discs { id } featured { product { copies } } }';
  const { data, calls } = await shop.run(document, {
    operation: shop.compile(document, { mergesFetches: true }),
    interposed: { stock: holding('Product.stock') },
  });
  expect(data).toEqual({
    products: [{ stock: null }, { stock: null }],
    discs: [{ id: '3' }],
    featured: { product: { copies: 4 } },
  });
  const asked = calls.filter(({ subgraph }) => subgraph === 'stock');
  expect(asked.map(({ fields }) => fields?.coordinates)).toEqual([
    ['Product.stock', 'Product.copies'],
    ['Product.stock'],
    ['Product.copies'],
  ]);
  expect([...(asked[0]?.fields?.byKey.keys() ?? [])]).toEqual(['e0.stock', 'e1.copies']);
});

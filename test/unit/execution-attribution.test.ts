import { describe, expect, test } from 'vitest';
import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { FederatedRequest, Interposed } from '../support/graphs/federated-graph.ts';

const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { best: Product! first: Product products: [Product] box: Box lost: Product items: [Item] }
      union Item = Product | Parcel
      type Parcel @key(fields: "id") { id: ID! }
      type Box { inside: Product }
      type Product @key(fields: "id") { id: ID! weight: Int cost: Int @inaccessible size: Size! }
      type Size { width: Int height: Int! }
    `,
    resolvers: {
      Query: {
        best: () => ({ id: '1' }),
        first: () => ({ id: '2' }),
        products: () => [null, { id: '1' }, { id: '2' }],
        items: () => [
          { __typename: 'Product', id: '1' },
          { __typename: 'Parcel', id: '2' },
        ],
        box: () => ({ inside: { id: '1' } }),
      },
      Product: { weight: () => 5, cost: () => 4, size: () => ({ width: 1, height: 2 }) },
    },
  },
  stock: {
    typeDefs: `
      type Size { height: Int! @external }
      type Parcel @key(fields: "id") { id: ID! wrapping: String }
      type Product @key(fields: "id") {
        id: ID!
        weight: Int @external
        cost: Int @external
        price: Int @requires(fields: "cost")
        size: Size! @external
        count: Int!
        note: String
        shipping: Int @requires(fields: "weight size { height }")
        packing: Int! @requires(fields: "size { height }")
      }
    `,
    resolvers: {
      Parcel: { __resolveReference: asReference, wrapping: () => 'paper' },
      Product: {
        __resolveReference: asReference,
        count: () => 1,
        note: () => 'few',
        shipping: () => 2,
        price: () => 5,
        packing: () => 3,
      },
    },
  },
});

const down: Interposed = async ({ subgraph }) => ({
  kind: 'failed',
  failure: { code: 'SUBGRAPH_UNAVAILABLE', service: subgraph, message: 'It could not be reached.' },
});

const delivering =
  (data: unknown): Interposed =>
  async () =>
    received({ data });

async function run(
  document: string,
  interposed: NonNullable<FederatedRequest['interposed']>,
  onError: ErrorBehavior = 'PROPAGATE',
) {
  const { data, errors, degraded } = await shop.run(document, { interposed, onError });
  return {
    data,
    errors: errors.map(({ path, message, extensions: { service } }) => [path.join('.'), service, message]),
    degraded: degraded.flatMap(({ paths }) => paths.map((path) => path.join('.'))),
  };
}

describe('when null has propagated from elsewhere, the error of a failed call', () => {
  test.for<[string, string]>([
    ['{ best { count } first { count note } }', 'first.count'],
    ['{ best { count } first { note count } }', 'first.note'],
    ['{ best { count } x: first { y: count note } }', 'x.y'],
    ['{ best { count } products { note count } }', 'products.1.note'],
    ['{ best { count } box { inside { ...F } } } fragment F on Product { c: count }', 'box.inside.c'],
  ])('is at the first field that it lost: %s', async ([document, path]) => {
    expect(await run(document, { stock: down })).toEqual({
      data: null,
      errors: [
        ['best.count', 'stock', 'It could not be reached.'],
        [path, 'stock', 'It could not be reached.'],
      ],
      degraded: ['best.count', path.replace('.1', '')],
    });
  });

  test('is at a field of the type of the object', async () => {
    const { errors } = await run(
      '{ best { count } items { ... on Parcel { wrapping } ... on Product { n: count } } }',
      {
        stock: down,
      },
    );
    expect(errors.map(([path]) => path)).toEqual(['best.count', 'items.0.n']);
  });

  test('is at an object in a list, next to the error that made the object null', async () => {
    const product = delivering({ products: [{ __typename: 'Product', id: '1', size: { height: null } }] });
    const { data, errors } = await run('{ products { size { height } count } }', { product, stock: down });
    expect(data).toEqual({ products: [null] });
    expect(errors.map(([path, service]) => [path, service])).toEqual([
      ['products.0.count', 'stock'],
      ['products.0.size.height', 'product'],
    ]);
  });

  test('is omitted if it lost no field', async () => {
    const { errors, degraded } = await run('{ best { count } lost { count } }', { stock: down });
    expect(errors).toEqual([['best.count', 'stock', 'It could not be reached.']]);
    expect(degraded).toEqual(['best.count']);
  });
});

describe('an invalid value that another field requires', () => {
  const whole = { __typename: 'Product', id: '1', weight: 5, size: { height: 2 } };
  const { weight, id, size, __typename, ...nothing } = whole;
  const absent = 'is absent from the response of its service';
  const isNull = 'is null, which its type does not allow';

  test.for([
    [{ ...nothing, __typename, id, size }, 'Product.weight', absent],
    [{ ...nothing, __typename, weight, size }, 'Product.id', absent],
    [{ ...nothing, id, weight, size }, '__typename', absent],
    [{ ...whole, size: {} }, 'Size.height', absent],
    [{ ...whole, size: null }, 'Product.size', isNull],
    [{ ...whole, size: { height: null } }, 'Size.height', isNull],
    [{ ...whole, weight: 'heavy' }, 'Product.weight', 'is not of its type'],
    [{ ...whole, size: { height: 'tall' } }, 'Size.height', 'is not of its type'],
  ] as const)(
    'is attributed to the service that delivers it, at each null: %j',
    async ([first, coordinate, fault]) => {
      const { data, errors } = await run('{ first { shipping note } }', { product: delivering({ first }) });
      expect(data).toEqual({ first: { shipping: null, note: null } });
      const message = `${coordinate}, which this field requires, ${fault}.`;
      expect(errors).toEqual([
        ['first.shipping', 'product', message],
        ['first.note', 'product', message],
      ]);
    },
  );

  test('is not named if the API schema hides it', async () => {
    const product = delivering({ first: { __typename, id, cost: 'high' } });
    const { errors } = await run('{ first { price } }', { product });
    const message = 'A hidden field, which this field requires, is not of its type.';
    expect(errors).toEqual([['first.price', 'product', message]]);
  });

  test('is explained by the error of the service that delivers it', async () => {
    const product: Interposed = async () =>
      received({
        data: { first: { ...whole, weight: undefined } },
        errors: [{ message: 'no', path: ['first', 'weight'] }],
      });
    const { errors } = await run('{ first { shipping weight } }', { product });
    expect(errors).toEqual([
      ['first.weight', 'product', 'no'],
      ['first.shipping', 'product', `Product.weight, which this field requires, ${absent}.`],
    ]);
  });
});

import { describe, expect, test } from 'vitest';
import type { SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { Interposed } from '../support/graphs/federated-graph.ts';

const products = [{ id: '1' }, { id: '2' }, { id: '1' }];
const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { products: [Product] first: Product best: Product! box: Box }
      type Box { product: Product }
      type Product @key(fields: "id") { id: ID! weight: Int }
    `,
    resolvers: {
      Query: {
        products: () => products,
        first: () => products[0],
        best: () => products[1],
        box: () => ({ product: products[0] }),
      },
      Product: { weight: () => 5 },
    },
  },
  stock: {
    typeDefs: `
      type Query { warehouses: [String] manager: String }
      type Product @key(fields: "id") { id: ID! weight: Int @external stock: Int count: Int! shipping: Int @requires(fields: "weight") }
    `,
    resolvers: {
      Query: { warehouses: () => ['north'], manager: () => 'Ann' },
      Product: {
        __resolveReference: asReference,
        stock: ({ id }) => Number(id) * 10,
        count: () => 1,
        shipping: () => 2,
      },
    },
  },
  review: {
    typeDefs:
      'type Product @key(fields: "id") { id: ID! rating: Int stars: Rating } type Rating { count: Int! mean: Float }',
    resolvers: {
      Product: { __resolveReference: asReference, rating: () => 4, stars: () => ({ count: 2, mean: 4.5 }) },
    },
  },
});

const down: Interposed = async ({ subgraph }) => ({
  kind: 'failed',
  failure: {
    code: 'SUBGRAPH_UNAVAILABLE',
    service: subgraph,
    message: 'It could not be reached.',
    retryAfterMs: 500,
    breaker: 'open',
  },
});

const unavailable = (service: string) => ({ code: 'SUBGRAPH_UNAVAILABLE', service });
const degradedBy = (service: string, paths: readonly (readonly string[])[]) => [
  { service, reason: 'SUBGRAPH_UNAVAILABLE', retryAfterMs: 500, breaker: 'open', source: 'null', paths },
];

async function outcomeOf(document: string, interposed: Readonly<Record<string, Interposed>>) {
  const { data, errors, degraded } = await shop.run(document, { interposed });
  return { data, errors, degraded };
}

/** Changes the response of a subgraph before the executor receives it. */
function changed(change: (data: Record<string, unknown>) => unknown, errors: unknown[] = []): Interposed {
  return async (_, ask) => {
    const response: SubgraphResponse = await ask();
    if (response.kind === 'failed' || response.data === null) return response;
    return received(JSON.parse(JSON.stringify({ data: change({ ...response.data }), errors })));
  };
}

const invalid = (service: string) => ({ code: 'SUBGRAPH_INVALID_RESPONSE', service });

describe('a fetch that fails', () => {
  test('is reported once for each root field that it leaves null', async () => {
    expect(await outcomeOf('{ first { id } w: warehouses manager }', { stock: down })).toEqual({
      data: { first: { id: '1' }, w: null, manager: null },
      errors: [
        { message: 'It could not be reached.', path: ['w'], extensions: unavailable('stock') },
        { message: 'It could not be reached.', path: ['manager'], extensions: unavailable('stock') },
      ],
      degraded: degradedBy('stock', [['w'], ['manager']]),
    });
  });

  test('is reported at the null that it leaves', async () => {
    expect(await outcomeOf('{ box { product { id stock } } }', { stock: down })).toEqual({
      data: { box: { product: { id: '1', stock: null } } },
      errors: [
        {
          message: 'It could not be reached.',
          path: ['box', 'product', 'stock'],
          extensions: unavailable('stock'),
        },
      ],
      degraded: degradedBy('stock', [['box', 'product', 'stock']]),
    });
  });

  test('is an error at each null of the response', async () => {
    const { data, errors, degraded } = await outcomeOf('{ products { id stock shipping } }', { stock: down });
    expect(data).toEqual({ products: products.map(({ id }) => ({ id, stock: null, shipping: null })) });
    expect(errors).toEqual(
      [0, 1, 2].flatMap((index) =>
        ['stock', 'shipping'].map((field) => ({
          message: 'It could not be reached.',
          path: ['products', index, field],
          extensions: unavailable('stock'),
        })),
      ),
    );
    expect(degraded).toEqual(
      degradedBy('stock', [
        ['products', 'stock'],
        ['products', 'shipping'],
      ]),
    );
  });

  test('is one error for an object that null propagates to, at the field that it propagates from', async () => {
    const { data, errors } = await outcomeOf('{ products { stock count } best { stock count shipping } }', {
      stock: down,
    });
    expect(data).toBe(null);
    expect(errors.map(({ path }) => path)).toEqual([['best', 'count']]);
  });

  test('nulls objects with non-null fields, up to the next nullable one', async () => {
    expect(await outcomeOf('{ products { count } first { count } }', { stock: down })).toEqual({
      data: { products: [null, null, null], first: null },
      errors: [
        ...[0, 1, 2].map((index) => ({
          message: 'It could not be reached.',
          path: ['products', index, 'count'],
          extensions: unavailable('stock'),
        })),
        { message: 'It could not be reached.', path: ['first', 'count'], extensions: unavailable('stock') },
      ],
      degraded: degradedBy('stock', [
        ['products', 'count'],
        ['first', 'count'],
      ]),
    });
    expect((await outcomeOf('{ best { count } }', { stock: down })).data).toBe(null);
  });

  test('is the reason for fetches that depend on it', async () => {
    expect(await outcomeOf('{ first { shipping } }', { product: changedFailing() })).toEqual({
      data: { first: { shipping: null } },
      errors: [
        {
          message: 'first.weight is missing',
          path: ['first', 'shipping'],
          extensions: { code: 'SUBGRAPH_ERROR', service: 'product' },
        },
      ],
      degraded: [],
    });
  });

  test('keeps the data of other services', async () => {
    expect((await outcomeOf('{ first { stock rating } }', { stock: down })).data).toEqual({
      first: { stock: null, rating: 4 },
    });
  });

  test.for([
    ['neither data nor errors', { data: null }],
    ['no entities', { data: {} }],
    ['too few entities', { data: { _entities: [] } }],
    ['too many entities', { data: { _entities: [{ stock: 1 }, { stock: 2 }] } }],
    ['entities that are not a list', { data: { _entities: { 0: { stock: 1 }, length: 1 } } }],
  ] as const)('is one that returns %s', async ([, body]) => {
    const { data, errors, degraded } = await outcomeOf('{ first { stock } }', {
      stock: async () => received(body),
    });
    expect(data).toEqual({ first: { stock: null } });
    expect(errors).toEqual([
      { message: errors[0]?.message, path: ['first', 'stock'], extensions: invalid('stock') },
    ]);
    expect(degraded).toEqual([
      { service: 'stock', reason: 'SUBGRAPH_INVALID_RESPONSE', source: 'null', paths: [['first', 'stock']] },
    ]);
  });
});

/** The product service returns its fields except the one that another service requires. */
function changedFailing(): Interposed {
  return async () =>
    received({
      data: { first: { __typename: 'Product', id: '1' } },
      errors: [{ message: 'first.weight is missing', path: ['first', 'weight'] }],
    });
}

describe('an error of a subgraph', () => {
  const failingStock = (errors: unknown[], entity: unknown = { stock: null }): Interposed =>
    changed(
      ({ _entities }) => ({ _entities: Array.isArray(_entities) ? _entities.map(() => entity) : [] }),
      errors,
    );

  test('has the path of the client, code and service, and only allowed extensions', async () => {
    const error = {
      message: 'no count today',
      path: ['_entities', 0, 'stock'],
      extensions: { code: 'CLOSED', stacktrace: ['at secret.ts:1'], http: { status: 418 } },
    };
    expect(await outcomeOf('{ box { product { stock } } }', { stock: failingStock([error]) })).toEqual({
      data: { box: { product: { stock: null } } },
      errors: [
        {
          message: 'no count today',
          path: ['box', 'product', 'stock'],
          extensions: { code: 'CLOSED', service: 'stock' },
        },
      ],
      degraded: [],
    });
  });

  test('keeps the extensions that are allowed', async () => {
    const error = { message: 'no', path: ['warehouses'], extensions: { code: 7, hint: 'later', secret: 1 } };
    const { errors } = await shop.run('{ warehouses }', {
      interposed: { stock: changed(() => ({ warehouses: null }), [error]) },
      allowedExtensions: new Set(['code', 'hint']),
    });
    expect(errors).toEqual([
      {
        message: 'no',
        path: ['warehouses'],
        extensions: { code: 'SUBGRAPH_ERROR', hint: 'later', service: 'stock' },
      },
    ]);
  });

  test.for(['PROPAGATE', 'NULL'] as const)(
    'about an entity at several positions is an error at each of them: %s',
    async (onError) => {
      const errors = [
        { message: 'no', path: ['_entities', 0, 'stock'] },
        { message: 'never', path: ['_entities', 1, 'stock'] },
      ];
      const outcome = await shop.run(
        '{ products { stock } again: products { ...of } } fragment of on Product { stock }',
        {
          onError,
          interposed: { stock: failingStock(errors) },
        },
      );
      const pathsOf = (message: string) =>
        outcome.errors.filter((error) => error.message === message).map(({ path }) => path.join('.'));
      expect(pathsOf('no').sort()).toEqual([
        'again.0.stock',
        'again.2.stock',
        'products.0.stock',
        'products.2.stock',
      ]);
      expect(pathsOf('never').sort()).toEqual(['again.1.stock', 'products.1.stock']);
      expect(outcome.errors).toHaveLength(6);
    },
  );

  test('about an entity at thousands of positions is listed a limited number of times, and the rest is counted', async () => {
    const many = Array.from({ length: 3_000 }, () => ({ __typename: 'Product', id: '1' }));
    const product = changed(() => ({ products: many }));
    const errors = Array.from({ length: 40 }, () => ({ message: 'no', path: ['_entities', 0, 'stock'] }));
    const outcome = await shop.run('{ products { stock rating } }', {
      interposed: { product, stock: failingStock(errors), review: down },
    });
    expect([outcome.errors.length, outcome.omittedErrors]).toEqual([500, 40 * 3_000 + 3_000 - 500]);
    // The list is divided equally between the two services.
    const stock = outcome.errors.filter(({ extensions }) => extensions.service === 'stock');
    expect(stock.map(({ path }) => path)).toEqual(
      Array.from({ length: 250 }, (_, index) => ['products', index, 'stock']),
    );
  });

  test('without a path, about entities, is the reason for each null that has no error of its own', async () => {
    const errors = [
      { message: 'closed' },
      { message: 'too late', path: ['_entities'] },
      { message: 'no', path: ['_entities', 1, 'stock'] },
    ];
    const stock: Interposed = async () => received({ data: null, errors });
    const { data, errors: reported } = await outcomeOf('{ products { stock } }', { stock });
    expect(data).toEqual({ products: [{ stock: null }, { stock: null }, { stock: null }] });
    expect(reported.map(({ message, path }) => [message, path.join('.')])).toEqual([
      ['no', 'products.1.stock'],
      ['closed', 'products.0.stock'],
      ['too late', 'products.0.stock'],
      ['closed', 'products.2.stock'],
    ]);
  });

  test('without a path, about entities that were delivered, is at the common part of their paths', async () => {
    const stock = failingStock([{ message: 'slow today' }], { stock: 1 });
    const { data, errors } = await outcomeOf('{ products { stock } }', { stock });
    expect(data).toEqual({ products: [{ stock: 1 }, { stock: 1 }, { stock: 1 }] });
    expect(errors.map(({ message, path }) => [message, path])).toEqual([['slow today', ['products']]]);
  });

  test('without a path is the reason for each root field that is null', async () => {
    const stock = changed(() => ({ warehouses: null, manager: null }), [{ message: 'closed' }]);
    const { data, errors } = await outcomeOf('{ warehouses manager }', { stock });
    expect(data).toEqual({ warehouses: null, manager: null });
    expect(errors.map(({ path }) => path)).toEqual([['warehouses'], ['manager']]);
  });

  test('about a field that the client did not select has the path of the nearest selected one', async () => {
    const stock = changed((data) => data, [{ message: 'no', path: ['warehouses', 'internal', 3] }]);
    expect((await outcomeOf('{ w: warehouses }', { stock })).errors[0]?.path).toEqual(['w']);
    const other = changed((data) => data, [{ message: 'no', path: ['_service', 'sdl'] }]);
    expect((await outcomeOf('{ w: warehouses }', { stock: other })).errors[0]?.path).toEqual(['w']);
  });

  test('is the only one if it nulls a whole entity', async () => {
    const error = { message: 'no', path: ['_entities', 0, 'count'] };
    expect(await outcomeOf('{ first { count stock } }', { stock: failingStock([error], null) })).toEqual({
      data: { first: null },
      errors: [
        { message: 'no', path: ['first', 'count'], extensions: { code: 'SUBGRAPH_ERROR', service: 'stock' } },
      ],
      degraded: [],
    });
  });

  test('is the only one if it nulls all data', async () => {
    const stock: Interposed = async () =>
      received({ data: null, errors: [{ message: 'no', path: ['manager'] }] });
    expect(await outcomeOf('{ manager }', { stock })).toEqual({
      data: { manager: null },
      errors: [
        { message: 'no', path: ['manager'], extensions: { code: 'SUBGRAPH_ERROR', service: 'stock' } },
      ],
      degraded: [],
    });
  });
});

describe('an entity', () => {
  test('that its service cannot find leaves nulls and one error', async () => {
    const stock = changed(({ _entities }) => ({
      _entities: Array.isArray(_entities) ? [_entities[0], null] : [],
    }));
    expect(await outcomeOf('{ products { id stock } }', { stock })).toEqual({
      data: {
        products: [
          { id: '1', stock: 10 },
          { id: '2', stock: null },
          { id: '1', stock: 10 },
        ],
      },
      errors: [
        {
          message: 'The service has no entity with this key.',
          path: ['products', 1, 'stock'],
          extensions: { code: 'ENTITY_NOT_FOUND', service: 'stock' },
        },
      ],
      degraded: [],
    });
  });

  test('that is not an object is an invalid response', async () => {
    const stock = changed(() => ({ _entities: ['1'] }));
    const { data, errors } = await outcomeOf('{ first { stock } }', { stock });
    expect(data).toEqual({ first: { stock: null } });
    expect(errors).toEqual([
      { message: errors[0]?.message, path: ['first', 'stock'], extensions: invalid('stock') },
    ]);
  });

  test('that lacks a field is an invalid response', async () => {
    const stock = changed(() => ({ _entities: [{}] }));
    const { data, errors } = await outcomeOf('{ first { stock } }', { stock });
    expect(data).toEqual({ first: { stock: null } });
    expect(errors).toEqual([
      {
        message: 'Product.stock is absent from the response of its service.',
        path: ['first', 'stock'],
        extensions: invalid('stock'),
      },
    ]);
  });

  test('with a null at a non-null field is null, with one error', async () => {
    const review = changed(() => ({ _entities: [{ stars: { count: null, mean: 1 } }] }));
    const { data, errors } = await outcomeOf('{ first { stars { mean count } } }', { review });
    expect(data).toEqual({ first: { stars: null } });
    expect(errors).toEqual([
      {
        message: 'Cannot return null for non-nullable Rating.count.',
        path: ['first', 'stars', 'count'],
        extensions: invalid('review'),
      },
    ]);
  });
});

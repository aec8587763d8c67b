import { describe, expect, test } from 'vitest';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import type { Send } from '../../router/request/subgraph-request.ts';
import type { ErrorBehavior } from '../../router/shared/graphql/error-behavior.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { FederatedRequest, Interposed } from '../support/graphs/federated-graph.ts';

const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { best: Product! products: [Product!]! grid: [[Int!]!]! things: [Thing!]! lonely: Holder! }
      type Mutation { add: Product! touch: Int }
      type Holder { thing: Thing! }
      interface Thing { id: ID! }
      type Product implements Thing @key(fields: "id") { id: ID! name: String! }
      type Service implements Thing { id: ID! hours: Int! }
    `,
    resolvers: {
      Query: {
        best: () => ({ id: '1', name: 'Lamp' }),
        products: () => [
          { id: '1', name: 'Lamp' },
          { id: '2', name: 'Desk' },
        ],
        grid: () => [[1, 2], [3]],
        things: () => [
          { __typename: 'Product', id: '1', name: 'Lamp' },
          { __typename: 'Service', id: '9', hours: 2 },
        ],
        lonely: () => ({ thing: { __typename: 'Service', id: '9', hours: 2 } }),
      },
      Mutation: { add: () => ({ id: '1', name: 'Lamp' }), touch: () => 1 },
    },
  },
  stock: {
    typeDefs: `
      type Query { warehouse: Warehouse! }
      type Mutation { move: Int! }
      type Warehouse { name: String! }
      type Product @key(fields: "id") { id: ID! count: Int! note: String place: Warehouse! }
    `,
    resolvers: {
      Query: { warehouse: () => ({ name: 'North' }) },
      Mutation: { move: () => 3 },
      Product: {
        __resolveReference: asReference,
        count: () => 4,
        note: () => 'few',
        place: () => ({ name: 'North' }),
      },
    },
  },
});

const down: Interposed = async ({ subgraph }) => ({
  kind: 'failed',
  failure: { code: 'SUBGRAPH_UNAVAILABLE', service: subgraph, message: 'It could not be reached.' },
});

/** Responds with this data and these errors. */
const responding =
  (data: unknown, errors: { message: string; path?: (string | number)[] }[] = []): Interposed =>
  async () =>
    received({ data, errors });

async function run(
  document: string,
  onError: ErrorBehavior,
  interposed: NonNullable<FederatedRequest['interposed']>,
) {
  const { data, errors, calls, degraded } = await shop.run(document, { onError, interposed });
  return { data, paths: errors.map(({ path }) => path.join('.')), errors, calls, degraded };
}

describe('onError: NULL', () => {
  test('leaves null for fields of a failed service, with an error for each', async () => {
    const { data, errors } = await run('{ best { id count place { name } } }', 'NULL', { stock: down });
    expect(data).toEqual({ best: { id: '1', count: null, place: null } });
    const [message, extensions] = [
      'It could not be reached.',
      { code: 'SUBGRAPH_UNAVAILABLE', service: 'stock' },
    ];
    expect(errors).toEqual([
      { message, path: ['best', 'count'], extensions },
      { message, path: ['best', 'place'], extensions },
    ]);
  });

  test('keeps the items of a list of non-null objects', async () => {
    const { data, paths, degraded } = await run('{ products { id count note } }', 'NULL', { stock: down });
    expect(data).toEqual({
      products: [
        { id: '1', count: null, note: null },
        { id: '2', count: null, note: null },
      ],
    });
    expect(paths).toEqual(['products.0.count', 'products.0.note', 'products.1.count', 'products.1.note']);
    expect(degraded).toMatchObject([
      {
        service: 'stock',
        paths: [
          ['products', 'count'],
          ['products', 'note'],
        ],
      },
    ]);
  });

  test('keeps lists of lists in which one item is wrong or null', async () => {
    const wrong = responding({ grid: [[1, 'two'], null, [null, 3]] });
    const { data, paths } = await run('{ grid }', 'NULL', { product: wrong });
    expect(data).toEqual({ grid: [[1, null], null, [null, 3]] });
    expect(paths).toEqual(['grid.0.1', 'grid.1', 'grid.2.0']);
  });

  test('returns null for a non-null root field, and the other fields', async () => {
    expect(await run('{ warehouse { name } best { name } }', 'NULL', { stock: down })).toMatchObject({
      data: { warehouse: null, best: { name: 'Lamp' } },
      paths: ['warehouse'],
    });
  });

  test('adds no error to a null that the service has explained', async () => {
    const explained = responding({ best: { id: '1', name: null } }, [
      { message: 'no name', path: ['best', 'name'] },
    ]);
    expect(await run('{ best { id name } }', 'NULL', { product: explained })).toMatchObject({
      data: { best: { id: '1', name: null } },
      errors: [{ message: 'no name', path: ['best', 'name'] }],
    });
  });

  test('handles aliases, merged fields and fragments', async () => {
    const document = `
      { first: best { ...some ... on Product { total: count } count } }
      fragment some on Product { id place { name } }`;
    expect(await run(document, 'NULL', { stock: down })).toMatchObject({
      data: { first: { id: '1', place: null, total: null, count: null } },
      paths: ['first.place', 'first.total', 'first.count'],
    });
  });

  test('determines the type of an object behind an interface, and leaves null for an unknown one', async () => {
    const document =
      '{ things { __typename id ... on Service { hours } ... on Product { count } } lonely { thing { id } } }';
    const wrong = responding({
      things: [
        { __typename: 'Product', id: '1' },
        { __typename: 'Nothing', id: '2' },
        { __typename: 'Service', id: '9', hours: null },
      ],
      lonely: { thing: { __typename: 'Nothing', id: '3' } },
    });
    expect(await run(document, 'NULL', { product: wrong, stock: down })).toMatchObject({
      data: {
        things: [
          { __typename: 'Product', id: '1', count: null },
          null,
          { __typename: 'Service', id: '9', hours: null },
        ],
        lonely: { thing: null },
      },
    });
  });

  test.for(['NULL', 'PROPAGATE'] as const)(
    'lists a limited number of nulls and counts the others: %s',
    async (onError) => {
      const many = responding({
        products: Array.from({ length: 700 }, (_, index) => ({ __typename: 'Product', id: String(index) })),
      });
      const interposed = { product: many, stock: down };
      const { data, errors, omittedErrors } = await shop.run('{ products { note } }', {
        onError,
        interposed,
      });
      expect(data).toEqual({ products: Array.from({ length: 700 }, () => ({ note: null })) });
      expect(errors.map(({ path }) => path)).toEqual(
        Array.from({ length: 500 }, (_, index) => ['products', index, 'note']),
      );
      expect(omittedErrors).toBe(200);
    },
  );
});

describe('onError: PROPAGATE', () => {
  test('is the default', async () => {
    const document = '{ best { id count } }';
    const asked = await shop.run(document, { onError: 'PROPAGATE', interposed: { stock: down } });
    const unasked = await shop.run(document, { interposed: { stock: down } });
    expect(asked.data).toBe(null);
    expect([asked.text, asked.errors]).toEqual([unasked.text, unasked.errors]);
  });
});

describe('onError: HALT', () => {
  test('returns null with the first error alone', async () => {
    expect(await run('{ products { note } warehouse { name } }', 'HALT', { stock: down })).toMatchObject({
      data: null,
      errors: [{ message: 'It could not be reached.', extensions: { service: 'stock' } }],
    });
  });

  test('calls no further service after a failure', async () => {
    const { data, calls } = await run('{ best { count } }', 'HALT', {
      product: responding(null, [{ message: 'no', path: ['best'] }]),
    });
    expect([data, calls.map(({ subgraph }) => subgraph)]).toEqual([null, ['product']]);
  });

  test('does not start the mutations after a failed one', async () => {
    const document = 'mutation { touch move add { id } }';
    const { calls } = await run(document, 'HALT', { stock: down });
    expect(calls.map(({ subgraph }) => subgraph)).toEqual(['product', 'stock']);
    const others = await run(document, 'NULL', { stock: down });
    expect(others.data).toEqual({ touch: 1, move: null, add: { id: '1' } });
    expect(others.calls).toHaveLength(3);
  });
});

test('introspection beside a failed field is returned for each behavior that keeps data', async () => {
  const document = '{ __type(name: "Warehouse") { kind } best { count __typename } }';
  expect((await run(document, 'NULL', { stock: down })).data).toEqual({
    __type: { kind: 'OBJECT' },
    best: { count: null, __typename: 'Product' },
  });
  expect((await run(document, 'HALT', {})).data).toEqual({
    __type: { kind: 'OBJECT' },
    best: { count: 4, __typename: 'Product' },
  });
});

test('one compiled operation serves all behaviors, with each set of conditions', async () => {
  const operation = shop.compile('query ($some: Boolean!) { best { id count @include(if: $some) } }');
  const send: Send = async (call, signal) =>
    call.subgraph === 'stock'
      ? down(call, () => send(call, signal))
      : received({ data: { best: { __typename: 'Product', id: '1' } } });
  const asked = async (onError: ErrorBehavior, some: boolean): Promise<unknown> => {
    const { signal } = new AbortController();
    return JSON.parse(
      (await executeCompiled(operation, { onError, variables: { some }, send, signal })).data,
    );
  };
  expect(await asked('NULL', true)).toEqual({ best: { id: '1', count: null } });
  expect(await asked('PROPAGATE', true)).toBe(null);
  expect(await asked('NULL', false)).toEqual({ best: { id: '1' } });
  expect(await asked('HALT', false)).toEqual({ best: { id: '1' } });
});

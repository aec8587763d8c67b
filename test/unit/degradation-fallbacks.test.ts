import { buildSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { readFallbacks } from '../../router/degradation/fallbacks.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { Interposed } from '../support/graphs/federated-graph.ts';

const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { best: Product! products: [Product!]! }
      type Mutation { touch: Product }
      type Product @key(fields: "id") { id: ID! name: String }
    `,
    resolvers: {
      Query: { best: () => ({ id: '1' }), products: () => [{ id: '1' }, { id: '2' }, { id: '1' }] },
      Mutation: { touch: () => ({ id: '1' }) },
      Product: { __resolveReference: asReference, name: () => 'Lamp' },
    },
  },
  stock: {
    typeDefs: `
      type Query { open: Boolean! }
      interface Counted { count: Int! }
      type Shelf { row: Int }
      type Product implements Counted @key(fields: "id") { id: ID! count: Int! tags: [String!]! shelf: Shelf shelves: [Shelf!]! note: String }
    `,
    resolvers: {
      Query: { open: () => true },
      Product: {
        __resolveReference: asReference,
        count: () => 4,
        tags: () => ['new'],
        shelf: () => ({ row: 1 }),
        shelves: () => [],
        note: () => null,
      },
    },
  },
});

const down: Interposed = async ({ subgraph }) => ({
  kind: 'failed',
  failure: {
    code: 'SUBGRAPH_UNAVAILABLE',
    service: subgraph,
    message: 'It could not be reached.',
    breaker: 'open',
  },
});

const FALLBACKS = {
  'Product.count': 0,
  'Product.tags': [],
  'Product.shelf': null,
  'Product.shelves': [],
  'Query.open': false,
};

const entry = (source: string, paths: string[][]) => ({
  service: 'stock',
  reason: 'SUBGRAPH_UNAVAILABLE',
  breaker: 'open',
  source,
  paths,
});

async function run(document: string, stock: Interposed, more: object = {}) {
  const { data, errors, degraded } = await shop.run(document, {
    fallbacks: FALLBACKS,
    interposed: { stock },
    ...more,
  });
  return { data, errors, degraded };
}

describe('a field whose service has failed', () => {
  test('has its fallback, without an error', async () => {
    expect(await run('{ open best { id count tags shelf { row } shelves { row } } }', down)).toEqual({
      data: { open: false, best: { id: '1', count: 0, tags: [], shelf: null, shelves: [] } },
      errors: [],
      degraded: [
        entry('fallback', [
          ['open'],
          ['best', 'count'],
          ['best', 'tags'],
          ['best', 'shelf'],
          ['best', 'shelves'],
        ]),
      ],
    });
  });

  test('has it under its alias, in every object of a list', async () => {
    expect(await run('{ products { id many: count ... on Counted { count } } }', down)).toMatchObject({
      data: {
        products: ['1', '2', '1'].map((id) => ({ id, many: 0, count: 0 })),
      },
      errors: [],
      degraded: [
        entry('fallback', [
          ['products', 'many'],
          ['products', 'count'],
        ]),
      ],
    });
  });

  test('is null beside others that have a fallback, with an error for it alone', async () => {
    expect(await run('{ best { count note } }', down)).toEqual({
      data: { best: { count: 0, note: null } },
      errors: [
        {
          message: 'It could not be reached.',
          path: ['best', 'note'],
          extensions: { code: 'SUBGRAPH_UNAVAILABLE', service: 'stock' },
        },
      ],
      degraded: [entry('fallback', [['best', 'count']]), entry('null', [['best', 'note']])],
    });
  });

  test('has it for every onError', async () => {
    for (const onError of ['NULL', 'PROPAGATE', 'HALT'])
      expect(await run('{ best { count } }', down, { onError })).toMatchObject({
        data: { best: { count: 0 } },
        errors: [],
      });
    expect(await run('{ best { count note } }', down, { onError: 'HALT' })).toMatchObject({
      data: null,
      errors: [{ path: ['best', 'note'] }],
    });
  });

  test('is not charged', async () => {
    const { delivered } = await shop.run('{ best { id count tags } }', {
      fallbacks: FALLBACKS,
      interposed: { stock: down },
    });
    expect(delivered).toEqual({ best: { __typename: 'Product', id: '1' } });
  });
});

describe('a fallback is not used', () => {
  const rejected: Interposed = async ({ subgraph: service }) => ({
    kind: 'failed',
    failure: { code: 'SUBGRAPH_HTTP_ERROR', service, message: 'HTTP status 403', isRejection: true },
  });
  const saying =
    (data: unknown, errors: { message: string; path?: (string | number)[] }[] = []): Interposed =>
    async () =>
      received({ data, errors });

  test.for<readonly [string, Interposed, unknown]>([
    [
      'if the service reports an error',
      saying({ _entities: [null] }, [{ message: 'no', path: ['_entities', 0] }]),
      { errors: [{ message: 'no' }] },
    ],
    [
      'if the service reports an error for the whole response',
      saying(null, [{ message: 'no' }]),
      { errors: [{ message: 'no' }] },
    ],
    [
      'if the service does not know the object',
      saying({ _entities: [null] }),
      { errors: [{ extensions: { code: 'ENTITY_NOT_FOUND' } }] },
    ],
    [
      'if the service returns null',
      saying({ _entities: [{ count: null }] }),
      { errors: [{ extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }] },
    ],
    [
      'if the service omits the field',
      saying({ _entities: [{}] }),
      { errors: [{ extensions: { code: 'SUBGRAPH_INVALID_RESPONSE' } }] },
    ],
    ['if the service rejects the call', rejected, { errors: [{ message: 'HTTP status 403' }] }],
  ])('%s', async ([, stock, expected]) => {
    expect(await run('{ best { count } }', stock)).toMatchObject({ data: null, ...Object(expected) });
  });
});

describe('a fallback of the configuration', () => {
  const schema = buildSchema(`
    type Query { a: Int! list: [Int!] id: ID! color: Color any: Any node: Node box: Box boxes: [Box] }
    type Mutation { pay: Boolean }
    enum Color { RED }
    scalar Any
    interface Node { size: Int }
    type Box implements Node { size: Int! }
  `);
  const read = (fallbacks: Record<string, unknown>) => {
    const { fallbackOf, unfit } = readFallbacks(schema, { fallbacks });
    return {
      of: (coordinate: string) => fallbackOf?.(...(coordinate.split('.') as [string, string])),
      unfit,
    };
  };

  test.for<readonly [string, unknown, string]>([
    ['Query.a', 1, '1'],
    ['Query.list', null, 'null'],
    ['Query.list', [1, 2], '[1,2]'],
    ['Query.id', 7, '"7"'],
    ['Query.color', 'RED', '"RED"'],
    ['Query.any', { deep: [1] }, '{"deep":[1]}'],
    ['Query.box', null, 'null'],
    ['Query.boxes', [], '[]'],
    ['Node.size', 3, '3'],
  ])('may be for %s: %j', ([coordinate, value, text]) => {
    const { of, unfit } = read({ [coordinate]: value });
    expect([of(coordinate), unfit]).toEqual([text, []]);
  });

  test('for an interface applies to the types that implement it', () => {
    expect(read({ 'Node.size': 3 }).of('Box.size')).toBe('3');
    expect(read({ 'Node.size': 3, 'Box.size': 4 }).of('Box.size')).toBe('4');
  });

  test.for<readonly [string, unknown, string]>([
    ['Query.nothing', 1, 'the supergraph does not have this field'],
    ['Nothing.a', 1, 'the supergraph does not have this field'],
    ['Color.RED', 1, 'the supergraph does not have this field'],
    ['Query.a', null, 'null is not of the type Int!'],
    ['Query.a', '1', '"1" is not of the type Int!'],
    ['Query.list', [1, null], '[1,null] is not of the type [Int!]'],
    ['Query.color', 'BLUE', '"BLUE" is not of the type Color'],
    ['Node.size', null, 'null is not of the type Int!'],
    ['Mutation.pay', true, 'a fallback must not hide the failure of a mutation'],
    [
      'Query.box',
      { size: 1 },
      'a fallback cannot be an object: set null, an empty list, or fallbacks for the fields of the object',
    ],
    [
      'Query.boxes',
      [{ size: 1 }],
      'a fallback cannot be an object: set null, an empty list, or fallbacks for the fields of the object',
    ],
  ])('is ignored and named if it does not fit: %s %j', ([coordinate, value, reason]) => {
    const { of, unfit } = read({ [coordinate]: value });
    expect([of(coordinate), unfit]).toEqual([undefined, [{ coordinate, reason }]]);
  });
});

test('a coordinate may contain any name of GraphQL, such as one with an underscore at its start', () => {
  const text = `
degradation: { fallbacks: { _Page._total: 0 }, stale: { Product._id: {} } }
rateLimit: { fields: { Query._search: { calls: 1, windowS: 1 } } }`;
  const config = parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '/nowhere' });
  const named = [config.degradation.fallbacks, config.degradation.stale, config.rateLimit.fields];
  expect(named.flatMap((one) => Object.keys(one))).toEqual(['_Page._total', 'Product._id', 'Query._search']);
});

import { buildSchema } from 'graphql';
import { describe, expect, test } from 'vitest';
import { readStalePolicies } from '../../router/degradation/stale-policy.ts';
import { createStaleValues } from '../../router/degradation/stale-store.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { FederatedRequest, Interposed } from '../support/graphs/federated-graph.ts';

const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query { best: Product! products: [Product!]! node: Node }
      type Mutation { touch: Product }
      interface Node { id: ID! }
      type Product implements Node @key(fields: "id") { id: ID! name: String weight: Int }
      type Maker @key(fields: "id") { id: ID! city: String }
    `,
    resolvers: {
      Query: {
        best: () => ({ id: '1' }),
        products: () => [{ id: '1' }, { id: '2' }, { id: '1' }],
        node: () => ({ __typename: 'Product', id: '1' }),
      },
      Mutation: { touch: () => ({ id: '1' }) },
      Node: { __resolveType: () => 'Product' },
      Product: {
        __resolveReference: asReference,
        name: ({ id }) => `Product ${String(id)}`,
        weight: () => 3,
      },
      Maker: { __resolveReference: asReference, city: ({ id }) => `City of ${String(id)}` },
    },
  },
  stock: {
    typeDefs: `
      type Product @key(fields: "id") {
        id: ID!
        weight: Int @external
        count(in: String = "north"): Int!
        note: String
        shelf(in: String): Shelf
        maker: Maker
        shipping: Int @requires(fields: "weight")
      }
      type Shelf { row: Int column: Int }
      type Maker @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Product: {
        __resolveReference: asReference,
        count: ({ id }, { in: place }) => Number(id) * 10 + String(place).length,
        note: ({ id }) => `note ${String(id)}`,
        shelf: () => ({ row: 1, column: 2 }),
        maker: ({ id }) => ({ id: `m${String(id)}` }),
        shipping: ({ weight }) => Number(weight) * 100,
      },
    },
  },
});

const FIELDS = {
  'Product.count': { maxAgeS: 300, per: 'everyone' },
  'Product.shelf': { maxAgeS: 300, per: 'everyone' },
  'Product.maker': { maxAgeS: 300, per: 'everyone' },
  'Product.shipping': { maxAgeS: 60, per: 'everyone' },
  'Product.note': { maxAgeS: 300, per: 'identity' },
} as const;

const failing =
  (failure: object = {}): Interposed =>
  async ({ subgraph: service }) => ({
    kind: 'failed',
    failure: { code: 'SUBGRAPH_UNAVAILABLE', service, message: 'It could not be reached.', ...failure },
  });

/** A clock, the stored values, and callers one after the other. */
function createCallers(staleMemoryBytes = 1_000_000) {
  const clock = { ms: 1_000_000 };
  const values = createStaleValues(
    { stale: FIELDS, staleMemoryBytes },
    {
      redis: undefined,
      now: () => clock.ms,
      later: (action) => action(),
      outageCodes: (service) => (service === 'stock' ? ['UNAVAILABLE'] : []),
    },
  );
  if (values === undefined) throw new Error('stale values are disabled');
  const ask = async (
    document: string,
    more: FederatedRequest & { scope?: string; stock?: Interposed } = {},
  ) => {
    const { scope = 'ann', stock, ...rest } = more;
    const { data, errors, degraded, delivered } = await shop.run(document, {
      ...rest,
      stale: { values, scope, fields: FIELDS },
      ...(stock && { interposed: { stock } }),
    });
    return { data, codes: errors.map(({ extensions }) => extensions.code), degraded, delivered };
  };
  return { ask, clock };
}

const down = failing();
const NULL_COUNT = { data: null, codes: ['SUBGRAPH_UNAVAILABLE'] };

describe('while its service is down, a stored field', () => {
  test('has the last delivered value, marked with its age and without an error', async () => {
    const { ask, clock } = createCallers();
    const healthy = await ask('{ products { id count } }');
    clock.ms += 12_000;
    const stale = await ask('{ products { id count } }', { stock: down });
    expect(stale).toMatchObject({ data: healthy.data, codes: [] });
    expect(stale.degraded).toEqual([
      {
        service: 'stock',
        reason: 'SUBGRAPH_UNAVAILABLE',
        source: 'stale',
        ageMs: 12_000,
        paths: [['products', 'count']],
      },
    ]);
  });

  test('is distinguished from fields that are not stored, and from objects that were never requested', async () => {
    const { ask } = createCallers();
    await ask('{ best { count } }');
    const { data, codes, degraded } = await ask('{ products { id count } best { count weight } }', {
      stock: down,
      onError: 'NULL',
    });
    expect(data).toEqual({
      products: [
        { id: '1', count: 15 },
        { id: '2', count: null },
        { id: '1', count: 15 },
      ],
      best: { count: 15, weight: 3 },
    });
    expect(codes).toEqual(['SUBGRAPH_UNAVAILABLE']);
    expect(degraded.map(({ source, paths }) => [source, paths])).toEqual([
      [
        'stale',
        [
          ['products', 'count'],
          ['best', 'count'],
        ],
      ],
      ['null', [['products', 'count']]],
    ]);
  });

  test('is found under any alias and in any operation', async () => {
    const { ask } = createCallers();
    await ask('{ a: best { b: count } }');
    const other = 'query Other { node { ... on Product { again: count } } }';
    expect(await ask(other, { stock: down })).toMatchObject({ data: { node: { again: 15 } }, codes: [] });
  });

  test('never has a value of other arguments or variables', async () => {
    const { ask } = createCallers();
    const document = 'query ($in: String) { best { count(in: $in) } }';
    await ask(document, { variables: { in: 'southwest' } });
    await ask('{ best { count(in: "east") } }');
    const asked = async (variables: object) =>
      (await ask(document, { variables: { ...variables }, stock: down })).data;
    expect(await asked({ in: 'southwest' })).toEqual({ best: { count: 19 } });
    expect(await asked({ in: 'west' })).toBe(null);
    expect(await asked({ in: null })).toBe(null);
    expect(await asked({})).toBe(null);
    expect((await ask('{ best { count } }', { stock: down })).data).toBe(null);
    expect((await ask('{ best { count(in: "east") } }', { stock: down })).data).toEqual({
      best: { count: 14 },
    });
  });

  test('never has a value of another selection, nor of conditions that selected another', async () => {
    const { ask } = createCallers();
    await ask('{ best { shelf { row } } }');
    expect((await ask('{ best { shelf { row column } } }', { stock: down })).data).toEqual({
      best: { shelf: null },
    });
    const document = 'query ($c: Boolean!) { best { shelf(in: "a") { row column @include(if: $c) } } }';
    await ask(document, { variables: { c: false } });
    expect((await ask(document, { variables: { c: true }, stock: down })).data).toEqual({
      best: { shelf: null },
    });
    expect((await ask(document, { variables: { c: false }, stock: down })).data).toEqual({
      best: { shelf: { row: 1 } },
    });
  });

  test('is combined with fresh fields of other services, which were not stored with it', async () => {
    const { ask } = createCallers();
    const document = '{ best { maker { id city } } }';
    expect((await ask(document)).data).toEqual({
      best: { maker: { id: 'm1', city: 'City of m1' } },
    });
    const moved: Interposed = async (call, respond) =>
      call.body.includes('city') ? received({ data: { _entities: [{ city: 'Elsewhere' }] } }) : respond();
    const { data } = await ask(document, { interposed: { stock: down, product: moved } });
    expect(data).toEqual({ best: { maker: { id: 'm1', city: 'Elsewhere' } } });
    const silent: Interposed = async (call, respond) =>
      call.body.includes('city') ? down(call, respond) : respond();
    expect((await ask(document, { interposed: { stock: down, product: silent } })).data).toEqual({
      best: { maker: { id: 'm1', city: null } },
    });
  });

  test('is of the object with its current requirements', async () => {
    const { ask } = createCallers();
    expect((await ask('{ best { shipping } }')).data).toEqual({ best: { shipping: 300 } });
    expect((await ask('{ best { shipping } }', { stock: down })).data).toEqual({ best: { shipping: 300 } });
    const heavier: Interposed = async (call, respond) =>
      call.body.includes('weight')
        ? received({ data: { best: { __typename: 'Product', id: '1', weight: 9 } } })
        : respond();
    const { data } = await ask('{ best { shipping } }', { interposed: { stock: down, product: heavier } });
    expect(data).toEqual({ best: { shipping: null } });
  });

  test('is served to another identity only if it is stored for everyone', async () => {
    const { ask } = createCallers();
    const document = '{ best { count note } }';
    await ask(document, { scope: 'ann' });
    expect((await ask(document, { scope: 'ann', stock: down })).data).toEqual({
      best: { count: 15, note: 'note 1' },
    });
    expect((await ask(document, { scope: 'bob', stock: down })).data).toEqual({
      best: { count: 15, note: null },
    });
  });

  test('has its value if it alone is blocked, beside fresh fields', async () => {
    const { ask } = createCallers();
    await ask('{ best { count shelf { row } } }');
    const blocked: Interposed = async (call, respond) => {
      if (call.body.includes('count')) {
        const code = 'SUBGRAPH_CIRCUIT_OPEN';
        return failing({ code, blockedFields: ['Product.count'] })(call, respond);
      }
      return received({ data: { _entities: [{ shelf: { row: 7 } }] } });
    };
    const { data, codes, degraded } = await ask('{ best { count shelf { row } } }', { stock: blocked });
    expect([data, codes]).toEqual([{ best: { count: 15, shelf: { row: 7 } } }, []]);
    expect(degraded).toMatchObject([{ source: 'stale', paths: [['best', 'count']] }]);
  });

  test('is charged as if it were fresh', async () => {
    const { ask } = createCallers();
    await ask('{ best { id count } }');
    expect((await ask('{ best { id count } }', { stock: down })).delivered).toMatchObject({
      best: { id: '1', count: 15 },
    });
  });
});

describe('a value is not served', () => {
  test('that is older than its field allows', async () => {
    const { ask, clock } = createCallers();
    await ask('{ best { count shipping } }');
    clock.ms += 60_001;
    expect(await ask('{ best { count shipping } }', { stock: down })).toMatchObject({
      data: { best: { count: 15, shipping: null } },
      codes: ['SUBGRAPH_UNAVAILABLE'],
    });
    clock.ms += 240_000;
    expect(await ask('{ best { count } }', { stock: down })).toMatchObject(NULL_COUNT);
  });

  test.for<readonly [string, Interposed]>([
    [
      'an error about the object',
      async () => received({ data: { _entities: [null] }, errors: [{ message: 'no' }] }),
    ],
    ['an error about all entities', async () => received({ data: null, errors: [{ message: 'no' }] })],
    ['an object that does not exist', async () => received({ data: { _entities: [null] } })],
    ['a rejection', failing({ code: 'SUBGRAPH_HTTP_ERROR', isRejection: true })],
    ['an aborted request', failing({ code: 'REQUEST_CANCELLED' })],
  ])('instead of %s', async ([, stock]) => {
    const { ask } = createCallers();
    await ask('{ best { count } }');
    const { data, degraded } = await ask('{ best { count } }', { stock });
    expect([data, degraded.filter(({ source }) => source === 'stale')]).toEqual([null, []]);
  });

  test.for<readonly [string, Interposed]>([
    ['503', failing({ code: 'SUBGRAPH_HTTP_ERROR' })],
    ['a timeout', failing({ code: 'SUBGRAPH_TIMEOUT' })],
    ['an open breaker', failing({ code: 'SUBGRAPH_CIRCUIT_OPEN' })],
    ['an invalid response', async () => received({ data: { _entities: [] } })],
    ['no data', async () => received({ data: null })],
  ])('but is served instead of %s', async ([, stock]) => {
    const { ask } = createCallers();
    await ask('{ best { count } }');
    expect((await ask('{ best { count } }', { stock })).data).toEqual({ best: { count: 15 } });
  });

  test('that a longer one replaced, which is too long to be stored', async () => {
    const { ask, clock } = createCallers();
    const noted =
      (note: string): Interposed =>
      async () =>
        received({ data: { _entities: [{ note }] } });
    await ask('{ best { note } }', { stock: noted('short') });
    clock.ms += 5_000;
    await ask('{ best { note } }', { stock: noted('x'.repeat(70_000)) });
    expect((await ask('{ best { note } }', { stock: down })).data).toEqual({ best: { note: null } });
    await ask('{ best { note } }', { stock: noted('again') });
    expect((await ask('{ best { note } }', { stock: down })).data).toEqual({ best: { note: 'again' } });
  });

  test('in the response of a mutation', async () => {
    const { ask } = createCallers();
    await ask('mutation { touch { count } }');
    expect((await ask('mutation { touch { count } }', { stock: down })).data).toEqual({ touch: null });
    expect((await ask('{ best { count } }', { stock: down })).data).toEqual({ best: { count: 15 } });
  });

  test('that was returned with errors, nor after the field was denied or removed', async () => {
    const responding =
      (entities: unknown[], message?: string): Interposed =>
      async () =>
        received({ data: { _entities: entities }, errors: message === undefined ? [] : [{ message }] });
    const asked = async (stock: Interposed) => {
      const { ask, clock } = createCallers();
      await ask('{ best { count note } }');
      clock.ms += 5_000;
      await ask('{ best { count note } }', { stock });
      return (await ask('{ best { count note } }', { stock: down, onError: 'NULL' })).data;
    };
    expect(await asked(responding([{ count: 99, note: null }], 'denied'))).toEqual({
      best: { count: 15, note: null },
    });
    expect(await asked(responding([null]))).toEqual({ best: { count: null, note: null } });
    expect(await asked(responding([{ count: 99, note: null }]))).toEqual({ best: { count: 99, note: null } });
  });

  test('during an error that only means unavailability, but afterwards', async () => {
    type Said = { entities: unknown[] | null; errors: { code?: string; path?: (string | number)[] }[] };
    const afterwards = async ({ entities, errors }: Said) => {
      const { ask } = createCallers();
      await ask('{ best { id count note } }');
      const said: Interposed = async () =>
        received({
          data: entities && { _entities: entities },
          errors: errors.map(({ code, path }) => ({
            message: 'no',
            ...(path && { path }),
            extensions: { code },
          })),
        });
      const during = await ask('{ best { id count note } }', { stock: said, onError: 'NULL' });
      expect(during.degraded.filter(({ source }) => source === 'stale')).toEqual([]);
      return (await ask('{ best { count note } }', { stock: down, onError: 'NULL' })).data;
    };
    const unavailable = (...path: (string | number)[]) => ({ code: 'UNAVAILABLE', path });
    const kept = { best: { count: 15, note: 'note 1' } };
    const noteRemoved = { best: { count: 15, note: null } };
    const removed = { best: { count: null, note: null } };
    const noNote = [{ count: 99, note: null }];

    expect(await afterwards({ entities: noNote, errors: [unavailable('_entities', 0, 'note')] })).toEqual(
      kept,
    );
    expect(await afterwards({ entities: [null], errors: [unavailable('_entities', 0, 'count')] })).toEqual(
      kept,
    );
    expect(await afterwards({ entities: null, errors: [{ code: 'UNAVAILABLE' }] })).toEqual(kept);

    const denied = { code: 'FORBIDDEN', path: ['_entities', 0, 'note'] };
    expect(await afterwards({ entities: noNote, errors: [denied] })).toEqual(noteRemoved);
    // An error that names another field does not explain the null of this one.
    const elsewhere = unavailable('_entities', 0, 'shelf');
    expect(await afterwards({ entities: noNote, errors: [elsewhere, denied] })).toEqual(noteRemoved);
    expect(await afterwards({ entities: noNote, errors: [elsewhere, { code: 'FORBIDDEN' }] })).toEqual(
      noteRemoved,
    );
    expect(await afterwards({ entities: [null], errors: [unavailable('_entities', 0), denied] })).toEqual(
      removed,
    );
    expect(await afterwards({ entities: null, errors: [{ code: 'UNAVAILABLE' }, {}] })).toEqual(removed);
  });

  test('that was evicted because the memory is full', async () => {
    const { ask } = createCallers(3_000);
    await ask('{ best { count } }');
    expect((await ask('{ best { count } }', { stock: down })).data).toEqual({ best: { count: 15 } });
    const document = 'query ($in: String) { best { count(in: $in) } }';
    for (let index = 0; index < 50; index += 1) await ask(document, { variables: { in: String(index) } });
    expect((await ask('{ best { count } }', { stock: down })).data).toBe(null);
  });
});

test('a field with a stored value and a fallback has the fallback if no value is stored', async () => {
  const { ask } = createCallers();
  const more = { stock: down, fallbacks: { 'Product.count': 0 } };
  const source = async () => {
    const { data, degraded } = await ask('{ best { count } }', more);
    return [data, degraded.map((entry) => entry.source)];
  };
  expect(await source()).toEqual([{ best: { count: 0 } }, ['fallback']]);
  await ask('{ best { count } }');
  expect(await source()).toEqual([{ best: { count: 15 } }, ['stale']]);
});

test('ignores and names settings that do not fit the supergraph', () => {
  const setting = { maxAgeS: 1, per: 'everyone' } as const;
  const { unfit } = readStalePolicies(shop.apiSchema, shop.supergraphSchema, {
    stale: {
      'Product.count': setting,
      'Product.gone': setting,
      'Query.best': setting,
      'Shelf.row': setting,
    },
  });
  expect(unfit).toEqual([
    { coordinate: 'Product.gone', reason: 'the supergraph does not have this field' },
    { coordinate: 'Query.best', reason: 'only fields of entities can be stored, and Query has no @key' },
    { coordinate: 'Shelf.row', reason: 'only fields of entities can be stored, and Shelf has no @key' },
  ]);
  expect(
    readStalePolicies(buildSchema('type Query { a: Int }'), shop.supergraphSchema, { stale: {} }),
  ).toEqual({
    stalePolicyOf: undefined,
    unfit: [],
  });
});

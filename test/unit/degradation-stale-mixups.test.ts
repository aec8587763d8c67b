import { expect, test } from 'vitest';
import { createStaleValues } from '../../router/degradation/stale-store.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import type { FederatedRequest, Interposed } from '../support/graphs/federated-graph.ts';

const asReference = (reference: object) => reference;

const graph = federatedGraph({
  catalog: {
    typeDefs: `
      type Query { things: [Thing] book: Book }
      interface Thing { id: ID! }
      type Book implements Thing @key(fields: "id") { id: ID! }
      type Disc implements Thing @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: {
        things: () => [
          { __typename: 'Book', id: '1' },
          { __typename: 'Disc', id: '1' },
        ],
        book: () => ({ id: '1' }),
      },
      Thing: { __resolveType: ({ __typename }) => __typename },
    },
  },
  stock: {
    typeDefs: `
      type Book @key(fields: "id") { id: ID! left: String right: String seller: Seller }
      type Disc @key(fields: "id") { id: ID! left: String right: String }
      type Seller @key(fields: "id") { id: ID! city: String discount: Int }
    `,
    resolvers: {
      Book: {
        __resolveReference: asReference,
        left: () => 'left of the book',
        right: () => 'right of the book',
        seller: () => ({ id: 's', city: 'Bern', discount: 7 }),
      },
      Disc: {
        __resolveReference: asReference,
        left: () => 'left of the disc',
        right: () => 'right of the disc',
      },
    },
  },
});

const down: Interposed = async ({ subgraph: service }) => ({
  kind: 'failed',
  failure: { code: 'SUBGRAPH_UNAVAILABLE', service, message: 'It could not be reached.' },
});

const EVERYONE = { maxAgeS: 300, per: 'everyone' } as const;
const FIELDS = {
  'Book.left': EVERYONE,
  'Book.right': EVERYONE,
  'Disc.left': EVERYONE,
  'Disc.right': EVERYONE,
  'Book.seller': EVERYONE,
  'Seller.discount': { maxAgeS: 60, per: 'identity' },
} as const;

function keeper() {
  const clock = { ms: 1_000_000 };
  const values = createStaleValues(
    { stale: FIELDS, staleMemoryBytes: 1_000_000 },
    { redis: undefined, now: () => clock.ms, later: (action) => action(), outageCodes: () => [] },
  );
  if (values === undefined) throw new Error('stale values are disabled');
  const ask = (document: string, scope: string, stock?: FederatedRequest & { by?: Interposed }) =>
    graph.run(document, {
      onError: 'NULL',
      ...stock,
      stale: { values, scope, fields: FIELDS },
      ...(stock?.by && { interposed: { stock: stock.by } }),
    });
  return { ask, clock };
}

test('two types whose fields have one name in the response are not confused', async () => {
  const { ask } = keeper();
  await ask('{ things { ... on Book { v: left } ... on Disc { v: right } } }', 'ann');
  const swapped = '{ things { ... on Disc { v: left } ... on Book { v: right } } }';
  expect((await ask(swapped, 'ann', { by: down })).data).toEqual({ things: [{ v: null }, { v: null }] });
});

test('a field for everyone that contains a private field is stored for its caller', async () => {
  const { ask, clock } = keeper();
  const document = '{ book { seller { city discount } } }';
  await ask(document, 'ann');
  const seller = { city: 'Bern', discount: 7 };
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { seller } });
  expect((await ask(document, 'bob', { by: down })).data).toEqual({ book: { seller: null } });
  clock.ms += 60_001;
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { seller: null } });
});

test('values are refreshed, and age, after the clock was set back', async () => {
  const { ask, clock } = keeper();
  const document = '{ book { left } }';
  await ask(document, 'ann');
  clock.ms -= 3_600_000;
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { left: null } });
  await ask(document, 'ann', {
    by: async () => received({ data: { _entities: [{ left: 'new' }] } }),
  });
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { left: 'new' } });
  clock.ms += 300_001;
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { left: null } });
});

test('a response with errors only deletes the previous value', async () => {
  const { ask } = keeper();
  const document = '{ book { left } }';
  await ask(document, 'ann');
  await ask(document, 'ann', { by: async () => received({ data: null, errors: [{ message: 'denied' }] }) });
  expect((await ask(document, 'ann', { by: down })).data).toEqual({ book: { left: null } });
});

test('fields that are blocked one after the other all have their values', async () => {
  const { ask } = keeper();
  const document = '{ book { left right seller { city } } }';
  const healthy = await ask(document, 'ann');
  const oneByOne: Interposed = async ({ subgraph: service, fields }, respond) => {
    const [held] = ['Book.left', 'Book.right'].filter((field) => fields?.coordinates.includes(field));
    if (held === undefined) return respond();
    const failure = {
      code: 'SUBGRAPH_CIRCUIT_OPEN',
      service,
      message: 'failing',
      blockedFields: [held],
    } as const;
    return { kind: 'failed', failure };
  };
  const { data, errors, degraded } = await ask(document, 'ann', { by: oneByOne });
  expect([data, errors]).toEqual([healthy.data, []]);
  expect(degraded).toMatchObject([
    {
      source: 'stale',
      paths: [
        ['book', 'left'],
        ['book', 'right'],
      ],
    },
  ]);
});

test.for([
  '{ things { ... on Book { v: left } ... on Disc { v: right } } }',
  '{ book { w: left v: right } }',
])('names of Object.prototype are ordinary names: %s', async (plain) => {
  const { ask } = keeper();
  for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    const document = plain.replaceAll('v:', `${name}:`);
    const { text } = await ask(document, 'ann');
    expect((await ask(document, 'ann', { by: down })).text).toBe(text);
    expect(text).toContain(`"${name}":"right`);
  }
});

import { expect, test } from 'vitest';
import { federatedGraph } from '../support/graphs/federated-graph.ts';

const typeOf = (id: unknown) => (id === '1' ? 'Bread' : 'Cake');

/** Only `b` defines the types behind the interface, and `a` resolves no reference to it. */
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

const dish = (id: string) => ({ id, sku: `s${id}`, weight: Number(id) * 10, maker: { name: `m${id}` } });
const kindOf = (id: unknown) => (id === '1' ? 'Bread' : 'Cake');

/**
 * The interface object has two keys and further fields, of which `weight` and `maker` are in both subgraphs.
 */
const kitchen = federatedGraph({
  a: {
    typeDefs: `
      type Query { dish: Dish! dishes: [Dish!]! grid: [[Dish]] tray: Tray item: Item }
      type Dish
        @key(fields: "id", resolvable: false) @key(fields: "sku", resolvable: false) @interfaceObject
      { id: ID! sku: String! weight: Int @shareable maker: Maker @shareable price(in: String): Int }
      type Maker @shareable { name: String city: String }
      type Tray { inner: Dish }
      type Bag { size: Int }
      union Item = Tray | Bag
    `,
    resolvers: {
      Query: {
        dish: () => dish('1'),
        dishes: () => [dish('1'), dish('2')],
        grid: () => [[dish('2')], [null, dish('1')]],
        tray: () => ({ inner: dish('1') }),
        item: () => ({ __typename: 'Tray', inner: dish('2') }),
      },
      Dish: { price: ({ id }, { in: unit }) => (unit === 'cent' ? 100 : 1) * Number(id) },
    },
  },
  b: {
    typeDefs: `
      interface Named { name: String }
      interface Dish @key(fields: "id") @key(fields: "sku")
        { id: ID! sku: String! weight: Int maker: Maker }
      type Maker @shareable { name: String city: String }
      type Bread implements Dish & Named @key(fields: "id") @key(fields: "sku")
        { id: ID! sku: String! weight: Int @shareable maker: Maker @shareable name: String }
      type Cake implements Dish @key(fields: "id") @key(fields: "sku")
        { id: ID! sku: String! weight: Int @shareable maker: Maker @shareable layers: Int }
    `,
    resolvers: {
      Dish: {
        __resolveReference: ({ id, sku }) => {
          const known = typeof id === 'string' ? id : String(sku).slice(1);
          return { __typename: kindOf(known), ...dish(known), name: 'rye', layers: 3 };
        },
      },
    },
  },
});

test.for<[string, unknown, Record<string, unknown>?]>([
  ['{ dish { ... on Bread { weight } } }', { dish: { weight: 10 } }],
  ['{ dish { ... on Cake { weight } } }', { dish: {} }],
  ['{ dish { ... on Bread { sku } } }', { dish: { sku: 's1' } }],
  ['{ dish { ... on Bread { id sku } } }', { dish: { id: '1', sku: 's1' } }],
  ['{ dish { ... on Bread { x: sku y: weight name } } }', { dish: { x: 's1', y: 10, name: 'rye' } }],
  ['{ dish { sku ... on Bread { id name } } }', { dish: { sku: 's1', id: '1', name: 'rye' } }],
  ['{ dish { __typename ... on Bread { weight } } }', { dish: { __typename: 'Bread', weight: 10 } }],
  ['{ dish { ... on Bread { t: __typename weight } } }', { dish: { t: 'Bread', weight: 10 } }],
  ['{ dish { ... on Bread { price(in: "cent") } } }', { dish: { price: 100 } }],
  [
    'query ($in: String) { dishes { ... on Bread { price(in: $in) } ... on Cake { price } } }',
    { dishes: [{ price: 100 }, { price: 2 }] },
    { in: 'cent' },
  ],
  ['{ dishes { ... on Bread { x: weight } ... on Cake { x: layers } } }', { dishes: [{ x: 10 }, { x: 3 }] }],
  ['{ dishes { ... on Bread { x: weight } ... on Cake { x: price } } }', { dishes: [{ x: 10 }, { x: 2 }] }],
  [
    '{ dishes { ... on Bread { maker { name } } ... on Cake { maker { x: name } } } }',
    { dishes: [{ maker: { name: 'm1' } }, { maker: { x: 'm2' } }] },
  ],
  ['{ dish { ... on Named { ... on Bread { weight } } } }', { dish: { weight: 10 } }],
  ['{ dish { ... on Dish { ... on Bread { weight name } } } }', { dish: { weight: 10, name: 'rye' } }],
  [
    '{ dish { ...F } } fragment F on Bread { weight maker { name } }',
    { dish: { weight: 10, maker: { name: 'm1' } } },
  ],
  ['{ d: dish { ... on Bread { weight } } dish { sku } }', { d: { weight: 10 }, dish: { sku: 's1' } }],
  ['{ grid { ... on Bread { weight } } }', { grid: [[{}], [null, { weight: 10 }]] }],
  ['{ tray { inner { ... on Bread { weight } } } }', { tray: { inner: { weight: 10 } } }],
  [
    '{ item { ... on Tray { inner { ... on Cake { weight sku } } } } }',
    { item: { inner: { weight: 20, sku: 's2' } } },
  ],
  [
    'query ($c: Boolean!) { dish { ... on Bread @include(if: $c) { weight sku } } }',
    { dish: { weight: 10, sku: 's1' } },
    { c: true },
  ],
  [
    'query ($c: Boolean!) { dish { ... on Bread @include(if: $c) { weight sku } } }',
    { dish: {} },
    { c: false },
  ],
  [
    'query ($c: Boolean!) { dish { ... on Bread { weight @skip(if: $c) sku } } }',
    { dish: { sku: 's1' } },
    { c: true },
  ],
])(
  'a field of an interface object under a condition on the type is delivered with the object: %s',
  async ([document, data, variables]) => {
    const outcome = await kitchen.run(document, variables && { variables });
    expect({ data: outcome.data, errors: outcome.errors }).toEqual({ data, errors: [] });
    const entityCalls = outcome.calls.filter(({ body }) => body.includes('_entities'));
    expect(entityCalls.every(({ subgraph }) => subgraph === 'b')).toBe(true);
  },
);

test('rejects fields whose response names conflict when they are selected for all types', () => {
  const document = '{ dishes { ... on Bread { maker { x: name } } ... on Cake { maker { x: city } } } }';
  expect(() => kitchen.compile(document)).toThrow('The subgraphs together cannot resolve this operation');
});

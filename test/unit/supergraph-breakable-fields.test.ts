import { buildSchema } from 'graphql';
import { expect, test } from 'vitest';
import { compose } from '../../router/supergraph/compose.ts';
import { breakableFields } from '../../router/admin/breakable-fields.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@external", "@requires", "@shareable", "@override"])';

const composition = compose([
  {
    name: 'shop-1',
    url: 'http://127.0.0.1:1',
    place: 'shop',
    sdl: `${LINK}
      type Query { product: Product }
      type Mutation { touch: Product }
      type Product @key(fields: "id") { id: ID! weight: Int box: Box @shareable taken: Int }
      type Box @shareable { width: Int }
    `,
  },
  {
    name: 'stock',
    url: 'http://127.0.0.1:2',
    place: 'stock',
    sdl: `${LINK}
      type Query { shelves: [Int!] }
      type Product @key(fields: "id") {
        id: ID!
        weight: Int @external
        shipping: Int @requires(fields: "weight")
        box: Box @shareable
        taken: Int @override(from: "shop-1")
      }
      type Box @shareable { width: Int height: Int }
    `,
  },
]);
if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.findings));
const schema = buildSchema(composition.supergraphSdl, { assumeValidSDL: true });

test('a subgraph has its root fields and the entity fields that it resolves itself', () => {
  expect(breakableFields(schema, 'shop-1').toSorted()).toEqual([
    'Mutation.touch',
    'Product.box',
    'Product.id',
    'Product.weight',
    'Query.product',
  ]);
  expect(breakableFields(schema, 'stock').toSorted()).toEqual([
    'Product.box',
    'Product.id',
    'Product.shipping',
    'Product.taken',
    'Query.shelves',
  ]);
});

test('an unknown subgraph has none', () => {
  expect(breakableFields(schema, 'SHOP_1')).toEqual([]);
  expect(breakableFields(buildSchema('type Query { a: Int }'), 'shop-1')).toEqual([]);
});

import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { compareSchemas, countDifferences } from '../../console/schema/schema-diff.ts';
import { createSchemaIndex } from '../../console/schema/schema-index.ts';
import type { SchemaIndex } from '../../console/schema/schema-model.ts';
import { firstRunnable, starterOperation } from '../../console/explore/editor/starter-operation.ts';
import { operationFor } from '../../console/schema/operation-for.ts';
import { linesWith, splitSdl, tokensOf } from '../../console/schema/sdl-lines.ts';
import { createSchemaSearch } from '../../console/schema/schema-search.ts';
import { compose } from '../../router/supergraph/compose.ts';

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [
  "@key" "@external" "@requires" "@override" "@shareable" "@tag" "@cost" "@listSize" "@authenticated"
  "@requiresScopes" "@inaccessible" { name: "@policy", as: "@rule" }])`;

const PRODUCT = `${LINK}
  type Query {
    "All products, newest first."
    products(first: Int = 10 @cost(weight: 2), color: Color): [Product!]! @listSize(slicingArguments: ["first"])
  }
  "Something to buy."
  type Product @key(fields: "id") @key(fields: "sku") @tag(name: "public") {
    id: ID!
    sku: String!
    name: String! @shareable
    weight: Int
    oldName: String @deprecated(reason: "use name")
    margin: Float @requiresScopes(scopes: [["read", "finance"], ["admin"]])
  }
  enum Color { RED BLUE @inaccessible GREEN @deprecated }`;

const SHIPPING = `${LINK}
  type Product @key(fields: "id") {
    id: ID!
    weight: Int @external
    name: String! @shareable
    price(to: Address): Int @requires(fields: "weight") @cost(weight: 5)
    oldName: String @override(from: "product", label: "percent(20)") @authenticated @rule(policies: [["a"]])
  }
  input Address { city: String = "Bern" }`;

function indexOf(subgraphs: Readonly<Record<string, string>>): SchemaIndex {
  const composed = compose(
    Object.entries(subgraphs).map(([name, sdl]) => ({ name, sdl, url: `http://${name}`, place: name })),
  );
  if (composed.kind !== 'composed') throw new Error(JSON.stringify(composed));
  return createSchemaIndex(parse(composed.supergraphSdl));
}

const index = indexOf({ product: PRODUCT, shipping: SHIPPING });
const typeOf = (name: string) => index.types.get(name);
const memberOf = (coordinate: string) => {
  const [type = ''] = coordinate.split('.');
  return typeOf(type)?.members.find((member) => member.coordinate === coordinate);
};
const labelsOf = (coordinate: string) => memberOf(coordinate)?.labels.map(({ text }) => text);
const ownersOf = (coordinate: string) => memberOf(coordinate)?.owners.map(({ subgraph }) => subgraph);

describe('the index of a supergraph', () => {
  test('has the types of clients, without those of federation', () => {
    expect([...index.types.keys()]).toEqual(['Address', 'Color', 'Product', 'Query']);
    expect(index.subgraphs).toEqual(['product', 'shipping']);
  });

  test('names the keys of an entity and the subgraphs that resolve a field', () => {
    expect(typeOf('Product')).toMatchObject({
      kind: 'type',
      description: 'Something to buy.',
      subgraphs: ['product', 'shipping'],
      keys: [
        { subgraph: 'product', fields: 'id', resolvable: true },
        { subgraph: 'product', fields: 'sku', resolvable: true },
        { subgraph: 'shipping', fields: 'id', resolvable: true },
      ],
    });
    expect(ownersOf('Product.id')).toEqual(['product', 'shipping']);
    expect(ownersOf('Product.weight')).toEqual(['product']);
    expect(memberOf('Product.price')?.owners).toMatchObject([{ subgraph: 'shipping', requires: 'weight' }]);
    expect(ownersOf('Color.RED')).toEqual(['product']);
    expect(ownersOf('Address.city')).toEqual(['shipping']);
  });

  test('shows directives as labels, by the name of their specification', () => {
    expect(typeOf('Product')?.labels.map(({ text }) => text)).toEqual(['#public']);
    expect(labelsOf('Product.margin')).toEqual(['scopes: read and finance, or admin']);
    expect(labelsOf('Product.price')).toEqual(['cost 5']);
    expect(labelsOf('Query.products')).toEqual(['list by first']);
    expect(labelsOf('Color.BLUE')).toEqual(['hidden']);
    expect(labelsOf('Product.oldName')).toEqual([
      'moves from product: percent(20)',
      'authenticated',
      'policy: a',
    ]);
  });

  test('has arguments, defaults, deprecations and uses', () => {
    expect(memberOf('Query.products')?.args).toMatchObject([
      { coordinate: 'Query.products(first:)', type: 'Int', defaultValue: '10', labels: [{ text: 'cost 2' }] },
      { coordinate: 'Query.products(color:)', namedType: 'Color', defaultValue: null },
    ]);
    expect(memberOf('Product.oldName')?.deprecated).toBe('use name');
    expect(memberOf('Color.GREEN')?.deprecated).toBe('No longer supported');
    expect(memberOf('Address.city')?.defaultValue).toBe('"Bern"');
    expect(index.usedBy.get('Color')).toEqual(['Query.products(color:)']);
    expect(index.usedBy.get('Product')).toEqual(['Query.products']);
  });

  test('of a plain schema has types without owners', () => {
    const plain = createSchemaIndex(parse('schema { query: Root } type Root { a: Int } union U = Root'));
    expect(plain.roots.query).toBe('Root');
    expect(plain.subgraphs).toEqual([]);
    expect(plain.types.get('Root')?.members[0]?.owners).toEqual([]);
    expect(plain.types.get('U')?.types).toEqual(['Root']);
  });
});

describe('the search', () => {
  const search = createSchemaSearch(index);
  const find = (text: string) => search(text, 5).map(({ coordinate }) => coordinate);

  test('puts exact names first, then beginnings, words and parts', () => {
    expect(find('product')).toEqual(['Product', 'Query.products']);
    expect(find('name')).toEqual(['Product.name', 'Product.oldName']);
    expect(find('xyz')).toEqual([]);
    expect(find('product.pr')).toEqual(['Product.price']);
    expect(find('oN')).toEqual(['Product.oldName']);
  });

  test('finds nothing for nothing, and shows at most as many as are requested', () => {
    expect(find(' ')).toEqual([]);
    expect(search('e', 2)).toHaveLength(2);
  });
});

describe('the difference between two versions', () => {
  test('is empty for equal ones', () => {
    expect(compareSchemas(index, index)).toEqual([]);
  });

  test('lists additions, removals and changes of what clients and the planner see', () => {
    const after = indexOf({
      product: PRODUCT.replace('margin: Float', 'margin: Float!')
        .replace('RED', 'YELLOW')
        .replace('@key(fields: "sku") ', '')
        .replace('first: Int = 10', 'first: Int = 20'),
      shipping: SHIPPING.replace('weight: 5', 'weight: 7')
        .replace('type Product', 'type Parcel { id: ID } type Product')
        .replace('city: String', 'town: String'),
    });
    const differences = compareSchemas(index, after);
    expect(Object.fromEntries(differences.map(({ type, change }) => [type, change]))).toEqual({
      Address: 'changed',
      Color: 'changed',
      Parcel: 'added',
      Product: 'changed',
      Query: 'changed',
    });
    const all = Object.fromEntries(
      differences.flatMap(({ differences: own }) =>
        own.map(({ coordinate, change, details }) => [coordinate, [change, ...details]]),
      ),
    );
    expect(all).toMatchObject({
      Product: ['changed', 'keys: product "id", product "sku", shipping "id" → product "id", shipping "id"'],
      'Product.margin': ['changed', 'type: Float → Float!'],
      'Product.price': ['changed', 'directives: cost 5 → cost 7'],
      'Color.RED': ['removed'],
      'Color.YELLOW': ['added'],
      'Query.products(first:)': ['changed', 'default: 10 → 20'],
      'Address.town': ['added'],
      Parcel: ['added'],
    });
    expect(countDifferences(differences)).toEqual({ added: 3, removed: 2, changed: 4 });
  });
});

describe('the operation that selects a field', () => {
  test('leads there on the shortest way, with variables for required arguments', () => {
    const plain = createSchemaIndex(
      parse(`type Query { a: A product(id: ID!, first: Int = 1): Product }
        type Mutation { rename(id: ID!): Product }
        type A { product: Product }
        type Product { name: String secret: String @inaccessible related(id: ID!): [Product!] maker: Maker }
        type Maker { address: String } type Lost { a: Int }`),
    );
    expect(operationFor(plain, 'Product.maker')).toBe(
      'query ($id: ID!) {\n  product(id: $id) {\n    maker {\n      address\n    }\n  }\n}\n',
    );
    expect(operationFor(plain, 'Product.related')).toBe(
      'query ($id: ID!, $related_id: ID!) {\n  product(id: $id) {\n    related(id: $related_id) {\n      name\n    }\n  }\n}\n',
    );
    expect(operationFor(plain, 'Mutation.rename')).toMatch(/^mutation \(\$id: ID!\)/);
    expect(operationFor(plain, 'Lost.a')).toBeNull();
    for (const field of ['Product.maker', 'Product.related', 'Product'])
      expect(() => parse(operationFor(plain, field) ?? '')).not.toThrow();
  });
});

describe('the operation that an empty console opens with', () => {
  test('has fields of the most subgraphs, and needs neither a token nor an argument', () => {
    const shop = indexOf({
      stock: `${LINK}
        type Query { lowStock(first: Int = 20): [Stock!] }
        type Stock { available: Int }
        type Product @key(fields: "id") { id: ID! stock: Stock }`,
      product: `${LINK}
        type Query {
          product(id: ID, sku: String): Product
          products(first: Int = 20, after: String): ProductPage
          margins: [Product!] @authenticated
        }
        type ProductPage { edges: [ProductEdge!] }
        type ProductEdge { cursor: String! node: Product }
        type Product @key(fields: "id") {
          id: ID! sku: String name: String margin: Int @authenticated old: Int @deprecated
          weight: Int size: Int category: Category related: [Product!] price: Price
        }
        type Category { name: String parent: Category }
        type Price { amount: Float }`,
    });
    expect(starterOperation(shop)).toBe(`{
  products(first: 3) {
    edges {
      node {
        id
        name
        sku
        stock {
          available
        }
        category {
          name
        }
      }
    }
  }
}
`);
  });

  test('asks for the type if every field needs a token or an argument', () => {
    const locked = indexOf({ one: `${LINK} type Query { a(id: ID!): Int b: Int @authenticated }` });
    expect(starterOperation(locked)).toBe('{ __typename }\n');
  });

  test('is the first query of the manifest that has no variables', () => {
    const entry = (type: string, body: string) => ({ id: body, name: body, type, body, client: null });
    const manifest = [
      entry('mutation', 'mutation { pay }'),
      entry('query', 'query ($id: ID!) { product(id: $id) { name } }'),
      entry('query', '{ products { id } }'),
    ];
    expect(firstRunnable(manifest)).toBe('{ products { id } }');
    expect(firstRunnable([])).toBeUndefined();
  });
});

describe('an SDL', () => {
  const sdl = [
    '"""',
    'A thing.',
    '"""',
    'type Thing @key(fields: "id") { # note',
    '  size(unit: Unit = CM): Int',
    '}',
  ];
  const text = splitSdl(`${sdl.join('\n')}\n`);

  test('is split into lines and tokens without loss', () => {
    expect(text.lines).toEqual(sdl);
    expect(text.described).toEqual([true, true, true, false, false, false]);
    for (const line of sdl)
      expect(
        tokensOf(line, false)
          .map((token) => token.text)
          .join(''),
      ).toBe(line);
    expect(tokensOf(sdl[3] ?? '', false).map(({ kind }) => kind)).toEqual([
      'keyword',
      'text',
      'type',
      'text',
      'directive',
      'text',
      'name',
      'text',
      'string',
      'text',
      'comment',
    ]);
  });

  test('is searched by line', () => {
    expect(linesWith(text, 'THING')).toEqual([1, 3]);
    expect(linesWith(text, '')).toEqual([]);
  });
});

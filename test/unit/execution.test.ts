import { describe, expect, test } from 'vitest';
import type { FetchFields } from '../../router/request/subgraph-request.ts';
import { federatedGraph } from '../support/graphs/federated-graph.ts';

type Product = {
  readonly id: string;
  readonly name: string;
  readonly weight: number;
  readonly related: string[];
};

const products: readonly Product[] = [
  { id: '1', name: 'Kettle', weight: 900, related: ['2'] },
  { id: '2', name: 'Mug', weight: 300, related: ['1', '2'] },
];

const find = (id: unknown) => products.find((product) => product.id === id) ?? null;
const asReference = (reference: object) => reference;

const shop = federatedGraph({
  product: {
    typeDefs: `
      type Query {
        products: [Product!]!
        product(id: ID!): Product
        grid: [[Product!]!]!
        media: [Media!]!
        search: [Found!]!
        price(filter: Filter, languages: [Language!] = [EN]): String
      }
      type Mutation { rename(id: ID!, name: String!): Product, retire: Retired }
      type Retired { product: Product query: Query }
      type Product @key(fields: "id") {
        id: ID!
        name(language: Language = EN): String!
        weight(unit: String = "g"): Int
        related: [Product!]!
        size: Size @shareable
      }
      type Size { width: Int @shareable }
      interface Media @key(fields: "id") { id: ID! title: String }
      type Book implements Media @key(fields: "id") { id: ID! title: String pages: Int }
      type Film implements Media @key(fields: "id") { id: ID! title: String minutes: Int }
      union Found = Book | Product
      enum Language { EN DE }
      input Filter { low: Int = 1 tags: [String!] }
    `,
    resolvers: {
      Query: {
        products: () => products,
        product: (_, { id }) => find(id),
        grid: () => [products, [find('2')]],
        media: () => [
          { __typename: 'Book', id: 'b', title: 'Tea', pages: 80 },
          { __typename: 'Film', id: 'f', title: 'Steam', minutes: 90 },
        ],
        search: () => [
          { __typename: 'Product', ...products[0] },
          { __typename: 'Book', id: 'b', title: 'Tea' },
        ],
        price: (_, args) => JSON.stringify(args),
      },
      Mutation: {
        rename: (_, { id, name }) => ({ ...find(id), name }),
        retire: () => ({ product: find('1'), query: {} }),
      },
      Media: {
        __resolveReference: ({ id }) =>
          id === 'b' ? { __typename: 'Book', id } : { __typename: 'Film', id },
      },
      Product: {
        __resolveReference: ({ id }) => find(id),
        name: ({ name }, { language }) => `${String(name)}${language === 'DE' ? ' (de)' : ''}`,
        weight: ({ weight }, { unit }) => (unit === 'kg' ? Number(weight) / 100 : weight),
        related: ({ id }) => find(id)?.related.map(find),
        size: () => ({ width: 7 }),
      },
    },
  },
  stock: {
    typeDefs: `
      type Query { warehouses: [String!]! }
      type Mutation { restock(id: ID!): Product }
      type Product @key(fields: "id") {
        id: ID!
        weight(unit: String = "g"): Int @external
        stock: Int
        shipping: Int @requires(fields: "weight(unit: \\"g\\")")
        freight: Int @requires(fields: "weight(unit: \\"kg\\")")
        size: Size @shareable
      }
      type Size { height: Int }
      type Media @interfaceObject @key(fields: "id") { id: ID! copies: Int! }
    `,
    resolvers: {
      Query: { warehouses: () => ['north', 'south'] },
      Mutation: { restock: (_, { id }) => ({ id }) },
      Media: { __resolveReference: asReference, copies: ({ id }) => (id === 'b' ? 3 : 4) },
      Product: {
        __resolveReference: asReference,
        stock: ({ id }) => Number(id) * 10,
        shipping: ({ weight }) => Number(weight) / 100,
        freight: ({ weight }) => Number(weight) * 1000,
        size: () => ({ height: 9 }),
      },
    },
  },
});

async function dataOf(document: string, variables?: Record<string, unknown>): Promise<unknown> {
  const { data, errors, degraded } = await shop.run(document, variables && { variables });
  expect({ errors, degraded }).toEqual({ errors: [], degraded: [] });
  return data;
}

function asking(coordinate: string, key: string): FetchFields {
  return { coordinates: [coordinate], byKey: new Map([[key, new Set([coordinate])]]) };
}

describe('the executor', () => {
  test('joins entities of two services, in the order of the operation', async () => {
    const { text, errors, degraded } = await shop.run(
      '{ products { stock title: name related { id stock } } }',
    );
    expect({ text, errors, degraded }).toEqual({
      text:
        '{"products":[{"stock":10,"title":"Kettle","related":[{"id":"2","stock":20}]},' +
        '{"stock":20,"title":"Mug","related":[{"id":"1","stock":10},{"id":"2","stock":20}]}]}',
      errors: [],
      degraded: [],
    });
  });

  test('requests an entity once, although it occurs several times in the response', async () => {
    const { data, calls } = await shop.run('{ products { related { stock } } }');
    expect(data).toEqual({
      products: [{ related: [{ stock: 20 }] }, { related: [{ stock: 10 }, { stock: 20 }] }],
    });
    expect(calls).toEqual([
      {
        subgraph: 'product',
        operation: 'query',
        body: '{"query":"{products{related{__typename id}}}"}',
        fields: asking('Query.products', 'products'),
        exact: { hasNumbers: expect.any(Function), roundOthers: expect.any(Function) },
      },
      {
        subgraph: 'stock',
        operation: 'query',
        body:
          '{"query":"query($representations:[_Any!]!){_entities(representations:$representations){...on Product{stock}}}",' +
          '"variables":{"representations":[{"__typename":"Product","id":"2"},{"__typename":"Product","id":"1"}]}}',
        fields: asking('Product.stock', '_entities.stock'),
        exact: { hasNumbers: expect.any(Function), roundOthers: expect.any(Function) },
      },
    ]);
  });

  test('sends equal fetches of one query once, and merges the response differently at each', async () => {
    const document = `{
      a: product(id: "2") { related { stock related { title: name } } }
      b: product(id: "2") { related { stock related { title: name(language: DE) } } }
    }`;
    const { data, errors, calls } = await shop.run(document);
    const related = (mug: string, kettle: string) => [
      { stock: 10, related: [{ title: mug }] },
      { stock: 20, related: [{ title: kettle }, { title: mug }] },
    ];
    expect({ data, errors }).toEqual({
      data: { a: { related: related('Mug', 'Kettle') }, b: { related: related('Mug (de)', 'Kettle (de)') } },
      errors: [],
    });
    expect(calls.map(({ subgraph }) => subgraph)).toEqual(['product', 'stock']);
  });

  test('keeps property names of every object apart, also in entities', async () => {
    const document =
      '{ products { __proto__: stock constructor: related { __proto__: id toString: stock } } }';
    const { text, errors } = await shop.run(document);
    expect({ text, errors }).toEqual({
      text:
        '{"products":[{"__proto__":10,"constructor":[{"__proto__":"2","toString":20}]},' +
        '{"__proto__":20,"constructor":[{"__proto__":"1","toString":10},{"__proto__":"2","toString":20}]}]}',
      errors: [],
    });
  });

  test('passes to each field the arguments in its @requires', async () => {
    expect(await dataOf('{ product(id: "1") { weight(unit: "kg") shipping freight } }')).toEqual({
      product: { weight: 9, shipping: 9, freight: 9000 },
    });
  });

  test('merges an object that two services deliver in parts', async () => {
    expect(await dataOf('{ products { size { height width } } }')).toEqual({
      products: [{ size: { height: 9, width: 7 } }, { size: { height: 9, width: 7 } }],
    });
  });

  test('completes lists of lists', async () => {
    expect(await dataOf('{ grid { id stock } }')).toEqual({
      grid: [
        [
          { id: '1', stock: 10 },
          { id: '2', stock: 20 },
        ],
        [{ id: '2', stock: 20 }],
      ],
    });
  });

  test('runs root fields of two services in parallel', async () => {
    expect(await dataOf('{ warehouses product(id: "1") { id } }')).toEqual({
      warehouses: ['north', 'south'],
      product: { id: '1' },
    });
  });

  test('fetches separately for each of two aliases of one field', async () => {
    expect(await dataOf('{ product(id: "1") { en: name de: name(language: DE) } }')).toEqual({
      product: { en: 'Kettle', de: 'Kettle (de)' },
    });
  });

  test('keeps an alias with the name of a key apart from the key', async () => {
    expect(await dataOf('{ product(id: "1") { id: name stock key: id } }')).toEqual({
      product: { id: 'Kettle', stock: 10, key: '1' },
    });
  });

  test('passes variables, with the defaults of the operation', async () => {
    const document = 'query ($f: Filter, $l: [Language!] = [DE]) { price(filter: $f, languages: $l) }';
    expect(await dataOf(document, { f: { tags: ['"\\', 'ü'] } })).toEqual({
      price: '{"filter":{"low":1,"tags":["\\"\\\\","ü"]},"languages":["DE"]}',
    });
    expect(await dataOf(document)).toEqual({ price: '{"languages":["DE"]}' });
  });

  test('passes a variable with the name of the representations', async () => {
    const document = 'query ($representations: ID!) { product(id: $representations) { stock } }';
    expect(await dataOf(document, { representations: '2' })).toEqual({ product: { stock: 20 } });
  });

  test('resolves interfaces, unions and fragments on them', async () => {
    const document = `
      { media { __typename title ... on Book { pages } ...film } search { kind: __typename ... on Product { name stock } ... on Media { title } } }
      fragment film on Film { minutes }
    `;
    expect(await dataOf(document)).toEqual({
      media: [
        { __typename: 'Book', title: 'Tea', pages: 80 },
        { __typename: 'Film', title: 'Steam', minutes: 90 },
      ],
      search: [
        { kind: 'Product', name: 'Kettle', stock: 10 },
        { kind: 'Book', title: 'Tea' },
      ],
    });
  });

  test('requests an @interfaceObject by the name of the interface', async () => {
    const { data, calls } = await shop.run('{ media { copies ... on Book { title } } }');
    expect(data).toEqual({ media: [{ copies: 3, title: 'Tea' }, { copies: 4 }] });
    expect(JSON.parse(calls[1]?.body ?? '').variables).toEqual({
      representations: [
        { __typename: 'Media', id: 'b' },
        { __typename: 'Media', id: 'f' },
      ],
    });
  });

  test('requests it once for an entity that is named by the interface at one position and by its type at another', async () => {
    const media = [
      { __typename: 'Media', id: 'b' },
      { __typename: 'Book', id: 'b' },
      { __typename: 'Film', id: 'f' },
    ];
    const { calls } = await shop.run('{ media { copies } }', {
      interposed: { product: async () => ({ kind: 'received', data: { media }, errors: [] }) },
    });
    expect(JSON.parse(calls[1]?.body ?? '').variables).toEqual({
      representations: [
        { __typename: 'Media', id: 'b' },
        { __typename: 'Media', id: 'f' },
      ],
    });
  });
});

describe('@skip and @include', () => {
  const document = `query ($yes: Boolean!, $no: Boolean = false) {
    products @include(if: $yes) { id ... @skip(if: $no) { name stock @include(if: $yes) } }
    warehouses @skip(if: $yes)
  }`;

  test('select fields and fetches by the variables', async () => {
    const chosen = await shop.run(document, { variables: { yes: true } });
    expect(chosen.data).toEqual({
      products: [
        { id: '1', name: 'Kettle', stock: 10 },
        { id: '2', name: 'Mug', stock: 20 },
      ],
    });
    expect(chosen.calls.map(({ subgraph }) => subgraph)).toEqual(['product', 'stock']);
    const others = await shop.run(document, { variables: { yes: false } });
    expect({ data: others.data, errors: others.errors }).toEqual({
      data: { warehouses: ['north', 'south'] },
      errors: [],
    });
    expect(others.calls.map(({ subgraph }) => subgraph)).toEqual(['stock']);
  });

  test('may exclude the whole operation', async () => {
    const { text, calls, errors } = await shop.run('{ products @skip(if: true) { id } }');
    expect({ text, calls, errors }).toEqual({ text: '{}', calls: [], errors: [] });
  });
});

describe('without a call to a service', () => {
  test('the type name of a root is returned', async () => {
    const { text, calls } = await shop.run('{ __typename again: __typename }');
    expect({ text, calls }).toEqual({ text: '{"__typename":"Query","again":"Query"}', calls: [] });
  });

  test('the schema is returned, also beside data', async () => {
    const document = `query ($name: String!) {
      warehouses
      type: __type(name: $name) { name kind }
      __schema { queryType { name } }
    }`;
    const { text, calls } = await shop.run(document, { variables: { name: 'Size' } });
    expect(text).toBe(
      '{"warehouses":["north","south"],"type":{"name":"Size","kind":"OBJECT"},"__schema":{"queryType":{"name":"Query"}}}',
    );
    expect(calls.length).toBe(1);
  });
});

describe('a mutation', () => {
  test('runs its fields in their order, each with its dependent fetches', async () => {
    const document =
      'mutation { a: rename(id: "1", name: "Pot") { name stock } restock(id: "2") { name } b: retire { product { id } } }';
    const { data, calls, errors } = await shop.run(document);
    expect({ data, errors }).toEqual({
      data: { a: { name: 'Pot', stock: 10 }, restock: { name: 'Mug' }, b: { product: { id: '1' } } },
      errors: [],
    });
    const mutations = calls.filter(({ operation }) => operation === 'mutation');
    expect(mutations.map(({ subgraph }) => subgraph)).toEqual(['product', 'stock', 'product']);
  });

  test('may be followed by a query of another service', async () => {
    const { data, errors } = await shop.run('mutation { retire { query { warehouses products { id } } } }');
    expect({ data, errors }).toEqual({
      data: { retire: { query: { warehouses: ['north', 'south'], products: [{ id: '1' }, { id: '2' }] } } },
      errors: [],
    });
  });
});

describe('a client that aborts', () => {
  const gone = AbortSignal.abort();

  test('prevents pending queries of its operation', async () => {
    const { data, errors, calls } = await shop.run('{ warehouses }', { signal: gone });
    const extensions = { code: 'REQUEST_CANCELLED', service: 'stock' };
    const message = 'The client closed the connection, so the request was cancelled.';
    expect({ data, errors, calls }).toEqual({
      data: null,
      errors: [{ message, path: ['warehouses'], extensions }],
      calls: [],
    });
  });

  test('does not stop a mutation', async () => {
    const { data, calls } = await shop.run(
      'mutation { a: restock(id: "1") { id } b: restock(id: "2") { id } }',
      {
        signal: gone,
      },
    );
    expect(data).toEqual({ a: { id: '1' }, b: { id: '2' } });
    expect(calls.length).toBe(1);
  });
});

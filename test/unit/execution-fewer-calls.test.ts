import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { WIDE } from '../../bench/micro/review-graph.ts';
import { describePlan } from '../../router/planning/describe-plan.ts';
import { joinLaterFetches } from '../../router/planning/join-later-fetches.ts';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import type { SubgraphRequest, SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { apolloData } from '../support/graphs/apollo-data.ts';
import { federatedGraph, received } from '../support/graphs/federated-graph.ts';
import type { FederatedRequest, Interposed } from '../support/graphs/federated-graph.ts';

type Row = Readonly<Record<string, unknown>>;

const users = ['Ann', 'Bob', 'Cid'].map((name, index) => ({ id: `${index}`, name, username: `u${index}` }));
const products = ['pen', 'cup', 'hat', 'mug'].map((name, index) => ({
  upc: `${index}`,
  name,
  // The subgraph inventory cannot be asked for the shipping of a product without a weight.
  weight: name === 'mug' ? null : 100 + index,
  price: 10 * index,
}));
const reviews = Array.from({ length: 9 }, (_, index) => ({
  id: `${index}`,
  body: `review ${index}`,
  author: { id: `${index % users.length}` },
  product: { upc: `${index % 3}` },
}));
const fails = (name: string): never => {
  throw new Error(`${name} fails`);
};
const find = (rows: readonly Row[], key: string) => (reference: Row) =>
  rows.find((row) => row[key] === reference[key]) ?? null;

const graph = federatedGraph({
  accounts: {
    typeDefs: `
      type Query { users: [User!]! }
      type User @key(fields: "id") { id: ID! name: String username: String }
    `,
    resolvers: { Query: { users: () => users }, User: { __resolveReference: find(users, 'id') } },
  },
  products: {
    typeDefs: `
      type Query { topProducts: [Product!]! oddProducts: [Product!]! }
      type Product @key(fields: "upc") { upc: ID! name: String price: Int weight: Int }
    `,
    resolvers: {
      Query: { topProducts: () => products.slice(0, 2), oddProducts: () => products.slice(3) },
      Product: { __resolveReference: find(products, 'upc') },
    },
  },
  inventory: {
    typeDefs: `
      type Product @key(fields: "upc") {
        upc: ID! price: Int @external weight: Int @external
        inStock: Boolean
        depots: [Depot!]
        shippingEstimate: Int @requires(fields: "price weight")
        handling: Int @requires(fields: "weight")
        isSealed: Boolean!
        duty: Int! @requires(fields: "weight")
      }
      type Depot { name: String }
    `,
    resolvers: {
      Product: {
        __resolveReference: (reference: Row) => reference,
        inStock: ({ upc }) => upc !== '1',
        depots: ({ upc }) => [{ name: `depot of ${String(upc)}` }],
        shippingEstimate: ({ price, weight }) => Number(price) + Number(weight),
        handling: ({ weight }) => 2 * Number(weight),
        isSealed: () => fails('isSealed'),
        duty: () => fails('duty'),
      },
    },
  },
  reviews: {
    typeDefs: `
      type Query { latest: Review best: Review }
      type User @key(fields: "id") { id: ID! reviews: [Review!]! }
      type Product @key(fields: "upc") { upc: ID! reviews: [Review!]! }
      type Review @key(fields: "id") { id: ID! body: String author: User product: Product }
    `,
    resolvers: {
      Query: { latest: () => reviews[8], best: () => reviews[3] },
      User: { reviews: ({ id }) => reviews.filter(({ author }) => author.id === id) },
      Product: { reviews: ({ upc }) => reviews.filter(({ product }) => product.upc === upc) },
    },
  },
});

async function run(
  document: string,
  request: Pick<FederatedRequest, 'interposed' | 'onError' | 'operation'> = {},
) {
  const { operation = graph.compile(document, { mergesFetches: true }) } = request;
  const { calls, data, errors } = await graph.run(document, { ...request, operation });
  return { calls, data, errors, texts: calls.map(textOf) };
}

/** Returns the subgraph of a call, and its document without the parts that all entity fetches have. */
function textOf({ subgraph, body }: SubgraphRequest): string {
  const { query } = JSON.parse(body);
  return `${subgraph}: ${String(query).replace('query($representations:[_Any!]!){_entities(representations:$representations)', '').slice(0, 160)}`;
}

/** Each subgraph responds in a later turn of the event loop. */
const later: Interposed = async (_, ask) => {
  await setImmediate();
  return ask();
};
const LATER = { accounts: later, products: later, inventory: later, reviews: later };

const LATEST = '{ latest { product { inStock shippingEstimate } } }';

describe('the calls of a query', () => {
  test.for<[string, string, readonly string[], number]>([
    [
      'with the same selection at two paths',
      '{ latest { product { name } } best { product { name } } }',
      [
        'reviews: {latest{product{__typename upc}}best{product{__typename upc}}}',
        'products: {...on Product{name}}}',
      ],
      3,
    ],
    [
      'with different selections at two paths',
      '{ latest { product { name } } best { product { price } } }',
      [
        'reviews: {latest{product{__typename upc}}best{product{__typename upc}}}',
        'products: query($r0:[_Any!]!,$r1:[_Any!]!){e0:_entities(representations:$r0){...on Product{name}} e1:_entities(representations:$r1){...on Product{price}}}',
      ],
      3,
    ],
    [
      'with a field, and another one that requires fields of another subgraph',
      LATEST,
      [
        'reviews: {latest{product{__typename upc}}}',
        'products: {...on Product{price weight}}}',
        'inventory: {...on Product{shippingEstimate}...on Product{inStock}}}',
      ],
      4,
    ],
    [
      'with a selection that another one could carry, which a third one could carry in turn',
      'query($brief: Boolean = false) { topProducts { inStock handling @skip(if: $brief) shippingEstimate } }',
      [
        'products: query($brief:Boolean=false){topProducts{__typename upc price weight ...on Product@skip(if:$brief){weight}}}',
        'inventory: query($r0:[_Any!]!,$r1:[_Any!]!,$brief:Boolean=false){e0:_entities(representations:$r0){...on Product{shippingEstimate}} e1:_entities(representations:$r1){...on',
      ],
      2,
    ],
    [
      'with an object beside a field that requires others',
      '{ latest { product { depots { name } shippingEstimate } } }',
      [
        'reviews: {latest{product{__typename upc}}}',
        'products: {...on Product{price weight}}}',
        'inventory: {...on Product{depots{name}}}}',
        'inventory: {...on Product{shippingEstimate}}}',
      ],
      4,
    ],
    [
      'with chains of fetches at two paths',
      '{ latest { product { inStock shippingEstimate } } best { product { inStock shippingEstimate } } }',
      [
        'reviews: {latest{product{__typename upc}}best{product{__typename upc}}}',
        'products: {...on Product{price weight}}}',
        'inventory: {...on Product{shippingEstimate}...on Product{inStock}}}',
      ],
      7,
    ],
  ])('%s', async ([, document, expected, stockCalls]) => {
    const { texts, data, errors } = await run(document, { interposed: LATER });
    expect(texts).toEqual(expected);
    expect(errors).toEqual([]);
    expect(await apolloData(graph, document)).toEqual({ data, calls: stockCalls });
  });

  test('that the published benchmarks of federation send are 7 of 16 if responses arrive together', async () => {
    const { texts, data, errors } = await run(WIDE);
    expect(texts.map((text) => text.replace(/\{reviews.*/, '{reviews'))).toEqual([
      'accounts: {users{__typename id username name}}',
      'products: {topProducts{__typename upc price weight name}}',
      'reviews: query($r0:[_Any!]!,$r1:[_Any!]!){e0:_entities(representations:$r0){...on User{reviews',
      'inventory: {...on Product{inStock shippingEstimate}}}',
      'products: {...on Product{name price weight}}}',
      'accounts: {...on User{username name}}}',
      'inventory: {...on Product{shippingEstimate}...on Product{inStock}}}',
    ]);
    expect(errors).toEqual([]);
    expect(await apolloData(graph, WIDE)).toEqual({ data, calls: 16 });
  });
});

describe('a fetch that waits for a later one of its subgraph', () => {
  test('is sent alone for objects that the later one cannot request', async () => {
    const { texts, data } = await run(LATEST, {
      interposed: { products: () => Promise.resolve(failure('products')) },
    });
    expect(texts.at(-1)).toBe('inventory: {...on Product{inStock}}}');
    expect(data).toEqual({ latest: { product: { inStock: true, shippingEstimate: null } } });
  });

  test('has the errors of its own fields only', async () => {
    const { errors, data } = await run(
      '{ latest { product { inStock shippingEstimate } } best { product { inStock shippingEstimate } } }',
      {
        interposed: {
          inventory: () =>
            Promise.resolve(
              received({
                data: {
                  _entities: [
                    { inStock: null, shippingEstimate: 1 },
                    { inStock: true, shippingEstimate: null },
                  ],
                },
                errors: [
                  { message: 'no stock', path: ['_entities', 0, 'inStock'] },
                  { message: 'no estimate', path: ['_entities', 1, 'shippingEstimate'] },
                ],
              }),
            ),
        },
      },
    );
    expect(data).toEqual({
      latest: { product: { inStock: true, shippingEstimate: null } },
      best: { product: { inStock: null, shippingEstimate: 1 } },
    });
    expect(new Map(errors.map(({ message, path }) => [message, path.join('.')]))).toEqual(
      new Map([
        ['no estimate', 'latest.product.shippingEstimate'],
        ['no stock', 'best.product.inStock'],
      ]),
    );
    expect(errors).toHaveLength(2);
  });

  test('reports the failure of the common request at its own path', async () => {
    const { errors, calls } = await run(LATEST, {
      interposed: { inventory: () => Promise.resolve(failure('inventory')) },
    });
    expect(calls).toHaveLength(3);
    expect(new Set(errors.map(({ path }) => path.join('.')))).toEqual(
      new Set(['latest.product.inStock', 'latest.product.shippingEstimate']),
    );
  });

  test.for([
    ['the later one', 'inStock duty', { inStock: true, duty: null }, 'inStock'],
    [
      'the waiting one',
      'isSealed shippingEstimate',
      { isSealed: null, shippingEstimate: 122 },
      'shippingEstimate',
    ],
  ] as const)(
    'loses no field if a non-null field of %s has an error, which removes the entity of both',
    async ([, fields, product, alone]) => {
      const document = `{ latest { product { ${fields} } } }`;
      const operation = graph.compile(document, { mergesFetches: true });
      const [lost = ''] = Object.entries(product).flatMap(([name, value]) => (value === null ? name : []));
      const { data, errors, texts } = await run(document, { operation, onError: 'NULL' });
      expect(data).toEqual({ latest: { product } });
      expect(errors.map(({ message, path }) => [message, path.join('.')])).toEqual([
        [`${lost} fails`, `latest.product.${lost}`],
      ]);
      expect(texts).toHaveLength(4);
      expect(texts.at(-1)).toBe(`inventory: {...on Product{${alone}}}}`);
      // Both are sent separately from then on.
      const again = await run(document, { operation });
      expect(again.texts.filter((text) => text.startsWith('inventory'))).toHaveLength(2);
      expect(again.data).toEqual({ latest: { product: null } });
      expect(again.errors).toMatchObject([{ message: `${lost} fails` }]);
    },
  );

  test('waits in the plan, too, where both count as one call', () => {
    const planned = createOperationPlanner(graph.supergraphSdl)({
      document: LATEST,
      operationName: undefined,
    });
    if (planned.kind === 'rejected') throw new Error(planned.message);
    const merged = describePlan(joinLaterFetches(planned.plan), { cost: 1, mergesFetches: true });
    expect(merged).toMatchObject({ calls: 3, subgraphs: { reviews: 1, products: 1, inventory: 1 } });
    expect(
      merged.fetches.map(({ subgraph, dependsOn, sentWith }) => [subgraph, dependsOn, sentWith]),
    ).toEqual([
      ['reviews', [], null],
      ['products', [0], null],
      ['inventory', [1], null],
      ['inventory', [1], 2],
    ]);
    const separate = describePlan(planned.plan, { cost: 1, mergesFetches: false });
    expect(separate).toMatchObject({ calls: 4, subgraphs: { reviews: 1, products: 1, inventory: 2 } });
  });
});

function failure(service: string): SubgraphResponse {
  return { kind: 'failed', failure: { code: 'SUBGRAPH_TIMEOUT', service, message: 'it took too long' } };
}

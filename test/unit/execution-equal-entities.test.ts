import { describe, expect, test } from 'vitest';
import { DistinctObjects } from '../../router/execution/compile/distinct-objects.ts';
import type { JsonObject } from '../../router/shared/json.ts';
import type { SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { federatedGraph } from '../support/graphs/federated-graph.ts';

const reviews = Array.from({ length: 60 }, (_, index) => ({
  id: `${index}`,
  product: { id: `${index % 20}` },
}));

const graph = federatedGraph({
  reviews: {
    typeDefs: `
      type Query { reviews: [Review!]! }
      type Review { id: ID! product: Product }
      type Product @key(fields: "id") { id: ID! }
    `,
    resolvers: { Query: { reviews: () => reviews } },
  },
  products: {
    typeDefs:
      'type Product @key(fields: "id") { id: ID! name: String details: Details } type Details { size: Int }',
    resolvers: {
      Product: {
        __resolveReference: ({ id }) => ({ id, name: `product ${String(id)}`, details: { size: 7 } }),
      },
    },
  },
});

describe('an entity in more than 16 places', () => {
  test.each(['product', '__proto__: product'])('is requested once: %s', async (field) => {
    const { data, errors, calls } = await graph.run(`{ reviews { ${field} { name } } }`);
    const { variables } = JSON.parse(calls[1]?.body ?? '');
    expect({ errors, ids: variables.representations.map(({ id }: { id: string }) => id) }).toEqual({
      errors: [],
      ids: Array.from({ length: 20 }, (_, index) => `${index}`),
    });
    const name = field.split(':')[0] ?? '';
    const written = reviews.map(({ product }) => ({ [name]: { name: `product ${product.id}` } }));
    expect(JSON.stringify(data)).toBe(JSON.stringify({ reviews: written }));
  });

  test('has the text of its objects reused in each place, although one of its fields fails', async () => {
    let reads = 0;
    const details = Object.defineProperty({}, 'size', {
      get() {
        reads += 1;
        return 7;
      },
    });
    const products = async (_: unknown, ask: () => Promise<SubgraphResponse>): Promise<SubgraphResponse> => {
      const response = await ask();
      if (response.kind === 'failed') throw new Error('the products are there');
      const entities = response.data?.['_entities'] as JsonObject[];
      return {
        ...response,
        data: { _entities: entities.map((entity) => ({ ...entity, name: { wrong: true }, details })) },
      };
    };
    const { errors, data } = await graph.run('{ reviews { product { name details { size } } } }', {
      interposed: { products },
    });
    expect(errors.length).toBe(reviews.length);
    expect(data).toEqual({ reviews: reviews.map(() => ({ product: { name: null, details: { size: 7 } } })) });
    expect(reads).toBe(1);
  });
});

describe('distinct objects', () => {
  const exact = (digits: string) => JSON.rawJSON(digits);
  const values = [
    1,
    '1',
    2,
    true,
    null,
    undefined,
    [1],
    { id: 1 },
    exact('9007199254740993'),
    exact('9007199254740992'),
  ];
  const keyed = values.flatMap((id) => values.map((region): JsonObject => ({ id, region })));
  const textOf = ({ id, region }: JsonObject) =>
    [id, region].some(
      (value) => value === undefined || Array.isArray(value) || Object.hasOwn(Object(value), 'id'),
    )
      ? undefined
      : JSON.stringify([id, region]);

  test('are those whose key fields have the same scalar values, however many there are', () => {
    // The first half of the objects is searched without an index, the others are found by it.
    for (const first of keyed.keys()) {
      const order = [...keyed.slice(first), ...keyed.slice(0, first)];
      const objects: JsonObject[] = [];
      const distinct = new DistinctObjects(objects, ['id', 'region']);
      const firsts = new Map<string, JsonObject>();
      const expected: JsonObject[] = [];
      for (const object of [...order, ...order.map((one) => ({ ...one }))]) {
        const text = textOf(object);
        const known = text === undefined ? undefined : firsts.get(text);
        expect(distinct.add(object)).toBe(known ?? object);
        if (known !== undefined) continue;
        if (text !== undefined) firsts.set(text, object);
        expected.push(object);
      }
      expect(objects).toEqual(expected);
    }
  });
});

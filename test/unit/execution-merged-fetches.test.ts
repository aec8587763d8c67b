import { describe, expect, test } from 'vitest';
import type { SubgraphRequest, SubgraphResponse } from '../../router/request/subgraph-request.ts';
import { received, federatedGraph } from '../support/graphs/federated-graph.ts';
import { createDeduplicatedSend } from '../support/subgraphs/deduplicated-send.ts';
import type { Interposed } from '../support/graphs/federated-graph.ts';

const people = [
  { id: '1', name: 'Ann', city: 'Graz' },
  { id: '2', name: 'Bob', city: 'Linz' },
  { id: '3', name: 'Cid', city: 'Wels' },
];

const crowd = Array.from({ length: 1_000 }, (_, index) => ({
  id: `${1_000 + index}`,
  name: 'Dee',
  city: '',
}));

const graph = federatedGraph({
  order: {
    typeDefs: `
      type Query { order(number: Int): Order! crowd: [User!]! }
      type Mutation { pay: Order! }
      type Order { customer: User seller: User items: [Item!]! others: [Item!]! shop: Shop }
      type Shop @key(fields: "id") { id: ID! }
      type Item { maker: User }
      type User @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: { order: () => order, crowd: () => crowd },
      Mutation: { pay: () => order },
    },
  },
  shop: {
    typeDefs: `
      type Query { shop: Shop }
      type Shop @key(fields: "id") { id: ID! owner: User staff: [User!]! }
      type User @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: { shop: () => ({ id: '1' }) },
      Shop: { owner: () => people[2], staff: () => [people[2], people[0]] },
    },
  },
  user: {
    typeDefs: `
      type User @key(fields: "id") { id: ID! name: String city(upper: Boolean, tag: String): String friend: User }
    `,
    resolvers: {
      User: {
        __resolveReference: ({ id }) => [...people, ...crowd].find((person) => person.id === id) ?? null,
        city: ({ city }, { upper }) => (upper === true ? String(city).toUpperCase() : city),
        friend: () => people[2],
      },
    },
  },
});

const order = {
  customer: people[0],
  seller: people[1],
  items: [{ maker: people[0] }, { maker: people[1] }],
  others: [{ maker: people[2] }, { maker: people[1] }],
  shop: { id: '1' },
};

const TWO = '{ order { customer { name } seller { city } } }';
const expected = { order: { customer: { name: 'Ann' }, seller: { city: 'Linz' } } };

type Options = {
  readonly interposed?: Interposed;
  readonly variables?: Readonly<Record<string, unknown>>;
};

async function run(document: string, { interposed, variables = {} }: Options = {}) {
  const outcome = await graph.run(document, {
    operation: graph.compile(document, { mergesFetches: true }),
    variables,
    ...(interposed && { interposed: { user: interposed } }),
  });
  return { ...outcome, calls: outcome.calls.filter(({ subgraph }) => subgraph === 'user') };
}

function bodyOf(call: SubgraphRequest | undefined) {
  return JSON.parse(call?.body ?? '{}');
}

describe('parallel entity fetches of one subgraph', () => {
  test('are sent separately unless merging is enabled', async () => {
    const { calls, data } = await graph.run(TWO);
    expect(calls.map(({ subgraph }) => subgraph)).toEqual(['order', 'user', 'user']);
    expect(data).toEqual(expected);
  });

  test('are sent in one request, each under an alias', async () => {
    const { calls, data, errors } = await run(TWO);
    expect(calls.map(bodyOf)).toEqual([
      {
        query:
          'query($r0:[_Any!]!,$r1:[_Any!]!){e0:_entities(representations:$r0){...on User{name}} e1:_entities(representations:$r1){...on User{city}}}',
        variables: {
          r0: [{ __typename: 'User', id: '1' }],
          r1: [{ __typename: 'User', id: '2' }],
        },
      },
    ]);
    expect(data).toEqual(expected);
    expect(errors).toEqual([]);
  });

  test('keep their variables, whatever their names', async () => {
    const document = `query($r0: Boolean, $representations: String) {
      order { customer { city(upper: $r0, tag: $representations) } seller { name city(upper: $r0) } }
    }`;
    const { calls, data } = await run(document, { variables: { r0: true, representations: 'x' } });
    expect(calls).toHaveLength(1);
    expect(data).toEqual({ order: { customer: { city: 'GRAZ' }, seller: { name: 'Bob', city: 'LINZ' } } });
  });

  test('with the same selection request each entity once', async () => {
    const { calls, data } = await run('{ order { items { maker { name } } others { maker { name } } } }');
    expect(calls.map((call) => bodyOf(call).variables)).toEqual([
      { representations: people.map(({ id }) => ({ __typename: 'User', id })) },
    ]);
    expect(data).toEqual({
      order: {
        items: [{ maker: { name: 'Ann' } }, { maker: { name: 'Bob' } }],
        others: [{ maker: { name: 'Cid' } }, { maker: { name: 'Bob' } }],
      },
    });
  });

  test('after a mutation are merged as well', async () => {
    const { calls, data } = await run('mutation { pay { customer { name } seller { city } } }');
    expect(calls).toHaveLength(1);
    expect(data).toEqual({ pay: expected.order });
  });

  test('are merged if they wait for different calls whose responses arrive in one turn', async () => {
    const { calls, data } = await run('{ order { customer { name } } shop { owner { city } } }');
    expect(calls.map((call) => bodyOf(call).query)).toEqual([
      'query($r0:[_Any!]!,$r1:[_Any!]!){e0:_entities(representations:$r0){...on User{name}} e1:_entities(representations:$r1){...on User{city}}}',
    ]);
    expect(data).toEqual({ order: { customer: { name: 'Ann' } }, shop: { owner: { city: 'Wels' } } });
  });

  test('use the entities that an earlier fetch with the same selection has requested', async () => {
    const document =
      '{ order { items { maker { name } } others { maker { name } } shop { staff { name } } } }';
    const { calls, data } = await run(document);
    expect(calls.map((call) => bodyOf(call).variables)).toEqual([
      { representations: people.map(({ id }) => ({ __typename: 'User', id })) },
    ]);
    expect(data).toMatchObject({ order: { shop: { staff: [{ name: 'Cid' }, { name: 'Ann' }] } } });
  });

  test('are sent separately if they are large together', async () => {
    const { calls, data, errors } = await run('{ crowd { name } order { seller { city } } }');
    expect(calls.map((call) => bodyOf(call).variables.representations.length)).toEqual([1_000, 1]);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ order: { seller: { city: 'Linz' } } });
  });

  test('create equal calls for equal requests, which are deduplicated', async () => {
    const sent: SubgraphRequest[] = [];
    const share = createDeduplicatedSend();
    const shared = (): Interposed => async (request, ask) => {
      const counted = share((call) => {
        sent.push(call);
        return ask();
      }, '');
      return counted(request, new AbortController().signal);
    };
    const outcomes = await Promise.all([
      run(TWO, { interposed: shared() }),
      run(TWO, { interposed: shared() }),
    ]);
    expect(outcomes.map(({ data }) => data)).toEqual([expected, expected]);
    expect(sent).toHaveLength(1);
  });
});

describe('when merged fetches fail', () => {
  test('an error is reported at its path', async () => {
    const { data, errors } = await run(TWO, {
      interposed: () =>
        respond({
          data: { e0: [{ name: null }], e1: [{ city: 'Linz' }] },
          errors: [{ message: 'no name', path: ['e0', 0, 'name'] }],
        }),
    });
    expect(data).toEqual({ order: { customer: { name: null }, seller: { city: 'Linz' } } });
    expect(errors.map(({ message, path }) => [message, path])).toEqual([
      ['no name', ['order', 'customer', 'name']],
    ]);
  });

  test('an error about an entity in two of the fetches is reported for both', async () => {
    const { errors } = await run('{ order { items { maker { name } } others { maker { name } } } }', {
      interposed: () =>
        respond({
          data: { _entities: [{ name: 'Ann' }, { name: null }, { name: 'Cid' }] },
          errors: [{ message: 'no name', path: ['_entities', 1, 'name'] }],
        }),
    });
    expect(errors.map(({ path }) => path)).toEqual([
      ['order', 'items', 1, 'maker', 'name'],
      ['order', 'others', 1, 'maker', 'name'],
    ]);
  });

  test('an error without a path, or with an unknown one, is attributed to all fetches', async () => {
    const { errors } = await run(TWO, {
      interposed: () =>
        respond({
          data: { e0: [{ name: null }], e1: [{ city: null }] },
          errors: [{ message: 'one' }, { message: 'two', path: ['_entities', 0] }],
        }),
    });
    expect(new Set(errors.map(({ message, path }) => `${message} ${path.join('.')}`))).toEqual(
      new Set(['one order.customer', 'one order.seller', 'two order.customer', 'two order.seller']),
    );
  });

  test('a list with too few entities is invalid for all fetches that requested them', async () => {
    const { data, errors } = await run(
      '{ order { customer { name } items { maker { name } } seller { city } } }',
      {
        interposed: () => respond({ data: { e0: [{ name: 'Ann' }], e1: [{ city: 'Linz' }] } }),
      },
    );
    expect(data).toEqual({
      order: {
        customer: { name: null },
        items: [{ maker: { name: null } }, { maker: { name: null } }],
        seller: { city: 'Linz' },
      },
    });
    expect(errors.map(({ path, extensions }) => [path.join('.'), extensions.code])).toEqual([
      ['order.customer.name', 'SUBGRAPH_INVALID_RESPONSE'],
      ['order.items.0.maker.name', 'SUBGRAPH_INVALID_RESPONSE'],
      ['order.items.1.maker.name', 'SUBGRAPH_INVALID_RESPONSE'],
    ]);
  });

  test('a failure of the call is reported at the path of each fetch', async () => {
    const { calls, data, errors, degraded } = await run(TWO, {
      interposed: () => failure('SUBGRAPH_TIMEOUT'),
    });
    expect(calls).toHaveLength(1);
    expect(data).toEqual({ order: { customer: { name: null }, seller: { city: null } } });
    expect(errors.map(({ path, extensions }) => [path.join('.'), extensions.code])).toEqual([
      ['order.customer.name', 'SUBGRAPH_TIMEOUT'],
      ['order.seller.city', 'SUBGRAPH_TIMEOUT'],
    ]);
    expect(degraded).toHaveLength(1);
  });

  test.for<[string, () => Promise<SubgraphResponse>]>([
    [
      'an error of one of them leaves no data',
      () => respond({ data: null, errors: [{ message: 'bad', path: ['e0'] }] }),
    ],
    [
      'the subgraph rejects aliases',
      () => respond({ data: null, errors: [{ message: 'too many aliases' }] }),
    ],
    ['a proxy rejects the body', () => failure('SUBGRAPH_HTTP_ERROR')],
    ['the response is too large', () => failure('SUBGRAPH_RESPONSE_TOO_LARGE')],
  ])('they are sent separately, now and for a while, when %s', async ([, reject]) => {
    const operation = graph.compile(TWO, { mergesFetches: true });
    const interposed: Interposed = (request, ask) => (request.body.includes('e0:') ? reject() : ask());
    const first = await graph.run(TWO, { operation, interposed: { user: interposed } });
    expect(first.data).toEqual(expected);
    expect(first.errors).toEqual([]);
    expect(first.calls).toHaveLength(4);
    const second = await graph.run(TWO, { operation, interposed: { user: interposed } });
    expect(second.data).toEqual(expected);
    expect(second.calls).toHaveLength(3);
  });

  test('they are sent separately from then on if the subgraph takes too long', async () => {
    const operation = graph.compile(TWO, { mergesFetches: true });
    const interposed: Interposed = (request, ask) =>
      request.body.includes('e0:') ? failure('SUBGRAPH_TIMEOUT') : ask();
    const first = await graph.run(TWO, { operation, interposed: { user: interposed } });
    expect(first.data).toEqual({ order: { customer: { name: null }, seller: { city: null } } });
    const second = await graph.run(TWO, { operation, interposed: { user: interposed } });
    expect(second.data).toEqual(expected);
  });

  test('a bug while they are sent fails the request, as it does for a single fetch', async () => {
    const bug: Interposed = () => {
      throw new Error('a bug');
    };
    await expect(run(TWO, { interposed: bug })).rejects.toThrow('a bug');
  });

  test('a later fetch for some of their entities sends its own request if theirs is of no use', async () => {
    const document =
      '{ order { items { maker { name } } others { maker { name } } shop { staff { name } } } }';
    const { calls, data, errors } = await run(document, {
      interposed: (request, ask) =>
        bodyOf(request).variables.representations.length > 2 ? failure('SUBGRAPH_HTTP_ERROR') : ask(),
    });
    expect(
      calls.map((call) => bodyOf(call).variables.representations.map(({ id }: { id: string }) => id)),
    ).toEqual([
      ['1', '2', '3'],
      ['1', '2'],
      ['2', '3'],
      ['1', '3'],
    ]);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ order: { shop: { staff: [{ name: 'Cid' }, { name: 'Ann' }] } } });
  });
});

function respond(body: Parameters<typeof received>[0]): Promise<SubgraphResponse> {
  return Promise.resolve(received(body));
}

function failure(code: 'SUBGRAPH_TIMEOUT' | 'SUBGRAPH_HTTP_ERROR' | 'SUBGRAPH_RESPONSE_TOO_LARGE') {
  const message = 'it went wrong';
  return Promise.resolve<SubgraphResponse>({ kind: 'failed', failure: { code, service: 'user', message } });
}

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createReferenceExecution } from '../differential/reference/execution.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

const ORDER = { __typename: 'Order', id: 'o1', total: 10, exact: 10, note: 'n' };
const GIFT = { __typename: 'Gift', id: 'g1', total: 5, exact: 5 };
const SECRET = { __typename: 'Secret', id: 's1', total: 1, exact: 1 };

const SERVICES: SmallGraphOptions['services'] = {
  shop: {
    sdl: `
      type Query {
        order: Order
        orders: [Order!]!
        node(id: ID!): Node
        nodes: [Node]!
        anything: [Anything]
        strictNodes: [Node!]
        secret: Secret
        level: Level
        me: String @federation__authenticated
        open: Int
      }
      type Mutation {
        rename: Order
        refund: Order @federation__requiresScopes(scopes: [["orders:refund"], ["admin:all", "orders:any"]])
      }
      interface Node { id: ID! total: Int exact: Int! }
      union Anything = Order | Gift | Secret
      enum Level @federation__authenticated { LOW HIGH }
      type Order implements Node @key(fields: "id") {
        id: ID!
        total: Int @federation__requiresScopes(scopes: [["orders:read"]])
        exact: Int! @federation__requiresScopes(scopes: [["orders:read"]])
        note: String @federation__policy(policies: [["staff"]])
        unknown: String @federation__policy(policies: [["nobody-configured-this"]])
      }
      type Gift implements Node { id: ID! total: Int exact: Int! }
      type Secret implements Node @federation__authenticated { id: ID! total: Int exact: Int! }
    `,
    resolvers: {
      Query: {
        order: () => ORDER,
        orders: () => [ORDER, { ...ORDER, id: 'o2' }],
        node: (_: never, { id }: { id: string }) => [ORDER, GIFT, SECRET].find((one) => one.id === id),
        nodes: () => [ORDER, GIFT, SECRET],
        strictNodes: () => [GIFT, SECRET],
        anything: () => [ORDER, GIFT, SECRET],
        secret: () => SECRET,
        level: () => 'LOW',
        me: () => 'somebody',
        open: () => 1,
      },
      Mutation: { rename: () => ORDER, refund: () => ORDER },
      Order: { __resolveReference: ({ id }: { id: string }) => ({ ...ORDER, id }), unknown: () => 'x' },
    },
  },
  shipping: {
    sdl: `type Order @key(fields: "id") { id: ID! weight: Int label: String @federation__authenticated }`,
    resolvers: { Order: { __resolveReference: (order: object) => ({ ...order, weight: 3, label: 'L' }) } },
  },
};

function configOf(issuer: Issuer, more = ''): string {
  return `
authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
authorization: { policies: { staff: { roles: [support, admin] } } ${more} }`;
}

const CALLERS = {
  anonymous: undefined,
  'wrong scope': { scope: 'profile' },
  'right scope': { scope: 'orders:read orders:refund' },
};
type Who = keyof typeof CALLERS | 'staff';

let issuer: Issuer;
let graph: SmallGraph;
beforeAll(async () => {
  issuer = await startIssuer();
  graph = await startSmallGraph({ services: SERVICES, config: configOf(issuer) });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

async function headersOf(who: Who): Promise<Record<string, string>> {
  const claims = who === 'staff' ? { scope: '', roles: ['support'] } : CALLERS[who];
  return claims === undefined ? {} : { authorization: `Bearer ${await issuer.mint({ claims })}` };
}

async function ask(
  who: Who,
  query: string,
  { on = graph, variables = {} }: { on?: SmallGraph; variables?: Record<string, unknown> } = {},
): Promise<GraphQLResponse> {
  return (await (await on.post({ query, variables }, await headersOf(who))).json()) as GraphQLResponse;
}

function deniedTo(who: Who, ...paths: unknown[][]) {
  if (who !== 'anonymous') return denied(...paths);
  const message = 'The request requires an access token, but has none.';
  return paths.map((path) => ({ message, path, extensions: { code: 'UNAUTHENTICATED' } }));
}

function denied(...paths: unknown[][]) {
  const extensions = { code: 'UNAUTHORIZED_FIELD_OR_TYPE' };
  return paths.map((path) => ({ message: 'Unauthorized field or type', path, extensions }));
}

const callsOf = (name: string) => graph.services.get(name)?.calls ?? [];

const PATHS: readonly [name: string, query: string, path: string[]][] = [
  ['the object', '{ order { id total } }', ['order', 'total']],
  ['an alias', '{ mine: order { id sum: total } }', ['mine', 'sum']],
  ['the interface', '{ node(id: "o1") { id total } }', ['node', 'total']],
  ['a fragment on the object', '{ node(id: "o1") { id ... on Order { total } } }', ['node', 'total']],
  ['a fragment on the interface', '{ order { id ... on Node { total } } }', ['order', 'total']],
  [
    'a named fragment within one',
    '{ order { id ...A } } fragment A on Node { ...B } fragment B on Order { total }',
    ['order', 'total'],
  ],
  ['@include', '{ order { id total @include(if: true) } }', ['order', 'total']],
  ['a mutation', 'mutation { rename { id total } }', ['rename', 'total']],
];

describe.each(PATHS)('by way of %s', (_name, query, path) => {
  test.each(['anonymous', 'wrong scope', 'staff'] as const)('%s is denied the field alone', async (who) => {
    const before = callsOf('shop').length;
    const response = await ask(who, query);
    const [root = '', name = ''] = path;
    expect(response).toEqual({ errors: deniedTo(who, path), data: { [root]: { id: 'o1', [name]: null } } });
    expect(callsOf('shop').slice(before)).toHaveLength(1);
    expect(callsOf('shop').at(-1)?.body).not.toMatch(/Order\s*{[^}]*total|order\s*{[^}]*total/);
  });

  test('the right scope receives the field', async () => {
    const [root = '', name = ''] = path;
    expect(await ask('right scope', query)).toEqual({ data: { [root]: { id: 'o1', [name]: 10 } } });
  });
});

test('an operation that was allowed for one caller is denied for another', async () => {
  const query = '{ order { total note } }';
  for (const who of ['right scope', 'anonymous', 'staff', 'anonymous', 'right scope'] as const) {
    const response = await ask(who, query);
    expect(response.data).toEqual({
      order: { total: who === 'right scope' ? 10 : null, note: who === 'staff' ? 'n' : null },
    });
  }
});

test('does not deduplicate requests of one identity with different scopes', async () => {
  const whos = ['right scope', 'wrong scope', 'right scope', 'wrong scope'] as const;
  const responses = await Promise.all(whos.map((who) => ask(who, '{ orders { id total } }')));
  expect(responses.map(({ errors = [] }) => errors.length)).toEqual([0, 2, 0, 2]);
});

test('each object of a list has its own null and its own error', async () => {
  expect(await ask('anonymous', '{ nodes { __typename id total } }')).toEqual({
    errors: deniedTo('anonymous', ['nodes', 0, 'total'], ['nodes', 2]),
    data: {
      nodes: [
        { __typename: 'Order', id: 'o1', total: null },
        { __typename: 'Gift', id: 'g1', total: 5 },
        null,
      ],
    },
  });
});

test('a denied type is null on every path to it', async () => {
  const query = '{ secret { id } node(id: "s1") { id } anything { __typename ... on Secret { id } } }';
  expect(await ask('anonymous', query)).toEqual({
    errors: deniedTo('anonymous', ['secret'], ['node'], ['anything', 2]),
    data: { secret: null, node: null, anything: [{ __typename: 'Order' }, { __typename: 'Gift' }, null] },
  });
  expect(await ask('wrong scope', query)).toEqual({
    data: {
      secret: { id: 's1' },
      node: { id: 's1' },
      anything: [{ __typename: 'Order' }, { __typename: 'Gift' }, { __typename: 'Secret', id: 's1' }],
    },
  });
});

test('null propagates up to the next nullable field', async () => {
  expect(await ask('anonymous', '{ open order { id exact } strictNodes { id } }')).toEqual({
    errors: deniedTo('anonymous', ['order', 'exact'], ['strictNodes', 1]),
    data: { open: 1, order: null, strictNodes: null },
  });
  const response = await ask('anonymous', '{ open orders { exact } }');
  expect(response.data).toBeNull();
});

test('a protected enum protects the fields that return it', async () => {
  expect(await ask('anonymous', '{ level open }')).toEqual({
    errors: deniedTo('anonymous', ['level']),
    data: { level: null, open: 1 },
  });
  expect(await ask('staff', '{ level }')).toEqual({ data: { level: 'LOW' } });
});

test('does not execute a denied mutation, and executes the others of the request', async () => {
  const before = callsOf('shop').length;
  expect(await ask('wrong scope', 'mutation { refund { id } rename { id } }')).toEqual({
    errors: denied(['refund']),
    data: { refund: null, rename: { id: 'o1' } },
  });
  const sent = callsOf('shop').slice(before);
  expect(sent).toHaveLength(1);
  expect(sent[0]?.body).not.toContain('refund');
  expect(await ask('right scope', 'mutation { refund { id } }')).toEqual({ data: { refund: { id: 'o1' } } });
});

test('calls no subgraph if all fields are denied', async () => {
  const before = callsOf('shop').length;
  expect(await ask('anonymous', '{ me }')).toEqual({
    errors: deniedTo('anonymous', ['me']),
    data: { me: null },
  });
  expect(callsOf('shop')).toHaveLength(before);
});

test('does not fetch entities of which only denied fields are selected', async () => {
  const before = callsOf('shipping').length;
  expect(await ask('anonymous', '{ order { id label } }')).toEqual({
    errors: deniedTo('anonymous', ['order', 'label']),
    data: { order: { id: 'o1', label: null } },
  });
  expect(callsOf('shipping')).toHaveLength(before);
  expect(await ask('staff', '{ order { label weight } }')).toEqual({
    data: { order: { label: 'L', weight: 3 } },
  });
});

test('a field that variables exclude is neither in the response nor an error', async () => {
  const query = 'query ($all: Boolean = false) { order { id total @include(if: $all) } }';
  expect(await ask('anonymous', query)).toEqual({ data: { order: { id: 'o1' } } });
  expect(await ask('anonymous', query, { variables: { all: true } })).toEqual({
    errors: deniedTo('anonymous', ['order', 'total']),
    data: { order: { id: 'o1', total: null } },
  });
});

test('no caller satisfies a policy that is not configured', async () => {
  expect(await ask('staff', '{ order { note unknown } }')).toEqual({
    errors: denied(['order', 'unknown']),
    data: { order: { note: 'n', unknown: null } },
  });
});

test('introspection shows protected fields and hides the directives', async () => {
  const response = await ask(
    'anonymous',
    '{ __type(name: "Order") { fields { name } } __schema { directives { name } types { name } } }',
  );
  const text = JSON.stringify(response);
  expect(text).toContain('total');
  expect(text).not.toMatch(/authenticated|requiresScopes|olicy/);
});

test('an alias named like a key field is returned under its name', async () => {
  expect(await ask('staff', '{ order { id: weight } }')).toEqual({ data: { order: { id: 3 } } });
});

test('many denied objects return a limited number of errors', async () => {
  const fields = Array.from({ length: 20 }, (_, at) => `a${at}: orders { total }`).join(' ');
  const response = await ask('anonymous', `{ ${fields} }`);
  expect(response.errors).toHaveLength(40);
});

test('callers are not charged for denied fields', async () => {
  const points = '{ points: 100, windowS: 86400 }';
  await using charging = await startSmallGraph({
    services: SERVICES,
    config: `${configOf(issuer)}
rateLimit:
  enabled: true
  anonymous: ${points}
  tiers: { FREE: ${points} }
  fields: { Mutation.refund: { calls: 1 } }`,
  });
  const query = '{ order { id } secret { id } }';
  expect((await ask('right scope', query, { on: charging })).data).toMatchObject({ secret: { id: 's1' } });
  expect((await ask('anonymous', query, { on: charging })).data).toMatchObject({ secret: null });
  const spent = charging.log.flatMap(({ msg, cost }) => (msg === 'request' ? [cost] : []));
  expect(spent).toMatchObject([{ requested: 2 }, { requested: 1 }]);
  for (let time = 0; time < 3; time += 1) {
    const response = await ask('wrong scope', 'mutation { refund { id } }', { on: charging });
    expect(response.data).toEqual({ refund: null });
  }
  expect((await ask('right scope', 'mutation { refund { id } }', { on: charging })).data).toEqual({
    refund: { id: 'o1' },
  });
});

test('mode reject rejects the whole operation', async () => {
  await using strict = await startSmallGraph({
    services: SERVICES,
    config: configOf(issuer, ', mode: reject'),
  });
  const before = strict.services.get('shop')?.calls.length;
  const response = await strict.post({ query: '{ open order { total sum: total } }' });
  expect(response.status).toBe(401);
  expect(await response.json()).toEqual({
    errors: [
      {
        message: expect.stringMatching(/order\.total, order\.sum$/),
        extensions: {
          code: 'UNAUTHENTICATED',
          requestId: response.headers.get('x-request-id'),
        },
      },
    ],
  });
  expect((await strict.post({ query: '{ open order { total sum: total } }' })).status).toBe(401);
  expect(strict.services.get('shop')?.calls.length).toBe(before);
  const excluded = 'query ($all: Boolean!) { order { id total @include(if: $all) } }';
  expect(await ask('anonymous', excluded, { on: strict, variables: { all: false } })).toEqual({
    data: { order: { id: 'o1' } },
  });
  // Only an order can be returned, so the open field of gifts must not allow this field.
  expect(await ask('anonymous', '{ order { ... on Node { total } } }', { on: strict })).not.toHaveProperty(
    'data',
  );
  expect(await ask('right scope', '{ order { total } }', { on: strict })).toEqual({
    data: { order: { total: 10 } },
  });
});

test('mode dry-run returns all data and reports the fields that it would deny', async () => {
  await using dry = await startSmallGraph({
    services: SERVICES,
    config: configOf(issuer, ', mode: dry-run'),
  });
  for (let time = 0; time < 2; time += 1) {
    expect(await ask('anonymous', '{ order { total } me }', { on: dry })).toEqual({
      data: { order: { total: 10 }, me: 'somebody' },
      extensions: { authorizationErrors: deniedTo('anonymous', ['order', 'total'], ['me']) },
    });
  }
  expect(await ask('right scope', '{ order { total } me }', { on: dry })).not.toHaveProperty('extensions');
});

describe("with Apollo Gateway's own executor", () => {
  let stock: SmallGraph;
  beforeAll(async () => {
    stock = await startSmallGraph({
      services: SERVICES,
      config: configOf(issuer),
      parts: { createExecution: createReferenceExecution },
    });
  });
  afterAll(() => stock[Symbol.asyncDispose]());

  test.each([
    // The stock executor drops the fields of a fragment on an object type within one on its interface.
    ...PATHS.map(([, query]) => query).filter((query) => !query.includes('...B')),
    '{ nodes { id total exact ... on Order { note label weight } } }',
    '{ anything { ... on Node { id total } } secret { id } level me open }',
    '{ again: nodes { ...F } } fragment F on Node { id sum: total ... on Order { __typename mine: note @skip(if: false) } }',
    '{ order { exact } open }',
    '{ orders { exact } }',
    '{ __typename me __type(name: "Order") { name } }',
    'mutation { refund { id } rename { id total } }',
  ])('returns the same response to %s', async (query) => {
    for (const who of ['anonymous', 'wrong scope', 'right scope', 'staff'] as const) {
      const [ours, theirs] = await Promise.all([ask(who, query), ask(who, query, { on: stock })]);
      expect(sorted(theirs)).toEqual(sorted(ours));
    }
    const sent =
      stock.services
        .get('shop')
        ?.calls.map(({ body }) => body)
        .join() ?? '';
    expect(sent).not.toContain('unknown');
  });
});

function sorted({ errors = [], ...rest }: GraphQLResponse) {
  return { ...rest, errors: errors.map((error) => JSON.stringify(error)).toSorted() };
}

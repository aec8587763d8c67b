import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer[Symbol.asyncDispose]());

const callsOf = (graph: SmallGraph) => [...graph.services.values()].flatMap(({ calls }) => calls).length;

function authentication(more = ''): string {
  const { issuer: name, jwksUrl } = issuer;
  return `authentication: { issuers: [{ issuer: "${name}", audience: tributary, jwksUrl: "${jwksUrl}" }] ${more} }`;
}

const PROTECTED: readonly (readonly [field: string, operation: string])[] = [
  ['placeOrder', 'mutation { placeOrder(input: {items: []}, idempotencyKey: "k") { id } }'],
  ['cancelOrder', 'mutation { cancelOrder(id: "o") { id } }'],
  ['reserveStock', 'mutation { reserveStock(reservationId: "r", items: []) { id } }'],
  ['releaseStock', 'mutation { releaseStock(reservationId: "r") { id } }'],
  ['adjustStock', 'mutation { adjustStock(input: {productId: "p", warehouse: "w", delta: 1}) { id } }'],
  ['createShipment', 'mutation { createShipment(input: {orderId: "o", carrier: COURIER}) { id } }'],
  [
    'addTrackingEvent',
    'mutation { addTrackingEvent(input: {trackingNumber: "t", status: DELIVERED, description: "d"}) { id } }',
  ],
  ['updateProfile', 'mutation { updateProfile(input: {}) { id } }'],
  [
    'createProduct',
    'mutation { createProduct(input: {sku: "TEN-1", name: "n", price: "1", weightGrams: 1, categoryId: "c"}) { id } }',
  ],
  ['rotateSigningKey', 'mutation { rotateSigningKey }'],
  ['orders', '{ orders { edges { cursor } } }'],
  ['users', '{ users { edges { cursor } } }'],
];

test('anonymous requests for protected fields of the shop reach no subgraph', async () => {
  const sdlOf = (name: string) =>
    readFileSync(join(import.meta.dirname, '..', '..', 'subgraphs', name, 'schema.graphql'), 'utf8');
  const names = ['order', 'product', 'user', 'shipping', 'inventory'];
  await using graph = await startSmallGraph({
    services: Object.fromEntries(names.map((name) => [name, { sdl: sdlOf(name), resolvers: {} }])),
    config: authentication(),
  });
  for (const [field, query] of PROTECTED)
    expect(await graph.query(query)).toEqual({
      errors: [
        {
          message: 'The request requires an access token, but has none.',
          path: [field],
          extensions: { code: 'UNAUTHENTICATED' },
        },
      ],
      data: { [field]: null },
    });
  // A customer must not change stock either, and receives the other code.
  const customer = { authorization: `Bearer ${await issuer.mint({ claims: { scope: 'profile orders' } })}` };
  for (const [field, query] of PROTECTED.filter(([name]) => name.endsWith('Stock')))
    expect(await (await graph.post({ query }, customer)).json()).toMatchObject({
      errors: [{ path: [field], extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' } }],
    });
  expect(callsOf(graph)).toBe(0);
});

describe('authentication.required', () => {
  test('rejects an operation without a token unless all its root fields are public', async () => {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: authentication(', required: true, publicFields: [Query.book]'),
    });
    for (const query of [
      '{ books { id } }',
      '{ book(id: 1) { id } books { id } }',
      '{ book(id: 1) { id } ...F } fragment F on Query { ... { newest { text } } }',
      'mutation { rename(id: 1, title: "x") { id } }',
      '{ __schema { queryType { name } } }',
    ]) {
      const response = await graph.post({ query });
      expect([query, response.status]).toEqual([query, 401]);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="tributary"');
      expect(await response.json()).toMatchObject({
        errors: [
          {
            message: expect.stringMatching(
              /^(Query|Mutation)\.\w+ requires an access token, but the request has none$/,
            ),
            extensions: { code: 'UNAUTHENTICATED' },
          },
        ],
      });
    }
    expect(callsOf(graph)).toBe(0);
    expect(await graph.query('{ __typename book(id: 1) { id } }')).toEqual({
      data: { __typename: 'Query', book: { id: '1' } },
    });
    const headers = { authorization: `Bearer ${await issuer.mint()}` };
    expect((await graph.post({ query: '{ books { id } }' }, headers)).status).toBe(200);
  });

  test('requires an issuer', async () => {
    await expect(
      startSmallGraph({ services: LIBRARY, config: 'authentication: { required: true }' }),
    ).rejects.toThrow('requires at least one issuer');
  });
});

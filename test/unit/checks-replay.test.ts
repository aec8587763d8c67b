import { describe, expect, test } from 'vitest';
import { compareResponses, parseResponse } from '../../checks/replay/compare-responses.ts';
import { replay } from '../../checks/replay/replay.ts';
import type { Replay } from '../../checks/replay/replay.ts';
import { startService } from '../support/subgraphs/service.ts';
import { startWebServer } from '../support/servers/web-server.ts';

/** A replay of recorded queries against the serving router and a candidate, over real HTTP. */

const SDL = `
  type Query { product(id: ID!): Product time: Int failing: String }
  type Mutation { order: Int }
  type Product { id: ID! name: String tags: [String!] }`;

let clock = 0;

const serving = {
  sdl: SDL,
  resolvers: {
    Query: {
      product: (_: unknown, { id }: { id: string }) => ({ id, name: `Product ${id}`, tags: ['a', 'b'] }),
      time: () => (clock += 1),
      failing: () => 'works',
    },
    Mutation: { order: () => 1 },
  },
};

const candidate = {
  ...serving,
  resolvers: {
    ...serving.resolvers,
    Query: {
      ...serving.resolvers.Query,
      product: (_: unknown, { id }: { id: string }) => ({
        id,
        name: id === '2' ? null : `Product ${id}`,
        tags: ['b', 'a'],
      }),
      failing: () => {
        throw new Error('down');
      },
    },
  },
};

const PRODUCT = 'query Product($id: ID!) { product(id: $id) { name } }';

async function replayed(options: Partial<Replay>) {
  await using built = new AsyncDisposableStack();
  const one = built.use(await startService(serving));
  const other = built.use(await startService(candidate));
  const result = await replay({ serving: one.url, candidate: other.url, operations: [], ...options }, () =>
    performance.now(),
  );
  return { result, calls: [one.calls, other.calls] };
}

describe('a replay', () => {
  test('lists the paths at which responses differ, with both values', async () => {
    const { result } = await replayed({
      operations: [
        { id: 'product', body: PRODUCT, variables: [{ id: '1' }, { id: '2' }] },
        { id: 'tags', body: '{ product(id: 3) { tags id } }' },
        { id: 'failing', body: '{ failing }' },
      ],
      concurrency: 1,
    });
    expect(result).toEqual({
      sent: 4,
      equal: 1,
      different: [
        { id: 'product', path: 'data.product.name', before: 'Product 2', after: null },
        { id: 'tags', path: 'data.product.tags.0', before: 'a', after: 'b' },
        { id: 'tags', path: 'data.product.tags.1', before: 'b', after: 'a' },
        { id: 'failing', path: 'data.failing', before: 'works', after: null },
        { id: 'failing', path: 'errors failing', before: 0, after: 1 },
      ],
      skipped: [],
    });
  });

  test('never sends mutations, and no query whose variables are unknown or that the router rejects', async () => {
    const { result, calls } = await replayed({
      operations: [
        { id: 'mutation', body: 'mutation { order }' },
        { id: 'subscription', body: 'subscription { order }' },
        { id: 'unknown', body: PRODUCT },
        { id: 'broken', body: '{' },
        { id: 'invalid', body: '{ absent }' },
        { id: 'unstable', body: '{ time }' },
        { id: 'several', name: 'B', body: 'mutation A { order } query B { failing }' },
      ],
      concurrency: 1,
    });
    expect(result.skipped).toEqual([
      { id: 'mutation', reason: 'it is a mutation' },
      { id: 'subscription', reason: 'it is a subscription' },
      { id: 'unknown', reason: 'it needs variables, and none were recorded' },
      { id: 'broken', reason: 'it is no valid document' },
      { id: 'invalid', reason: 'the serving router rejects the operation' },
      { id: 'unstable', reason: 'two responses of the serving router differ at the same paths' },
    ]);
    expect(calls.flat().filter(({ body }) => body.includes('mutation'))).toEqual([]);
    expect(result.sent).toBe(1);
  });

  test('sends no credentials but those that are given, and names itself as a client', async () => {
    const operations = [{ id: 'a', body: '{ failing }' }];
    const plain = await replayed({ operations });
    const given = await replayed({ operations, headers: { authorization: 'Bearer abc' } });
    const headersOf = ({ calls }: typeof plain) =>
      calls.flat().map(({ headers }) => [headers['authorization'], headers['apollographql-client-name']]);
    expect(new Set(headersOf(plain).flat())).toEqual(new Set([undefined, 'tributary-replay']));
    expect(new Set(headersOf(given).flat())).toEqual(new Set(['Bearer abc', 'tributary-replay']));
  });

  test('is bounded in time, and reports a candidate without a response', async () => {
    await using silent = await startWebServer(({ path }) =>
      path === '/silent' ? undefined : { status: 502, body: 'bad gateway' },
    );
    const operations = [{ id: 'a', body: '{ failing }' }];
    const { result: late } = await replayed({ operations, limitMs: 0 });
    expect(late).toMatchObject({ sent: 0, skipped: [{ reason: 'the time for the replay was over' }] });
    const { result: bad } = await replayed({ operations, candidate: silent.origin });
    expect(bad.different).toEqual([
      { id: 'a', path: '', before: 'a response', after: 'no GraphQL response, but HTTP status 502' },
    ]);
    const { result: hanging } = await replayed({
      operations,
      serving: `${silent.origin}/silent`,
      timeoutMs: 50,
    });
    expect(hanging.skipped).toEqual([
      { id: 'a', reason: 'the serving router: no response (The operation was aborted due to timeout)' },
    ]);
  });
});

describe('the comparison of responses', () => {
  test.each([
    ['{"data":{"a":1,"b":2}}', '{"data":{"b":2,"a":1},"extensions":{"x":1}}', []],
    ['{"data":{"a":1.0}}', '{"data":{"a":1}}', []],
    ['{"data":{"a":9007199254740993}}', '{"data":{"a":9007199254740992}}', ['data.a']],
    ['{"data":{"a":[1,2]}}', '{"data":{"a":[1]}}', ['data.a']],
    ['{"data":{"a":{}}}', '{"data":{"a":{"b":null}}}', ['data.a.b']],
    ['{"data":{"a":"1"}}', '{"data":{"a":1}}', ['data.a']],
    [
      '{"data":null,"errors":[{"message":"x","path":["a",0],"extensions":{"code":"C"}}]}',
      '{"data":null,"errors":[{"message":"y","path":["a",0],"extensions":{"code":"C","more":1}}]}',
      [],
    ],
    [
      '{"data":null,"errors":[{"message":"x","path":["a",0],"extensions":{"code":"C"}}]}',
      '{"data":null,"errors":[{"message":"x","path":["a",1],"extensions":{"code":"C"}}]}',
      ['errors a.0 C', 'errors a.1 C'],
    ],
  ])('%s and %s', (before, after, paths) => {
    const [one, other] = [parseResponse(before), parseResponse(after)];
    if (one === undefined || other === undefined) throw new Error('the texts are responses');
    expect(compareResponses(one, other).map(({ path }) => path)).toEqual(paths);
  });
});

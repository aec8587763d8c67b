import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBooks, startOn } from '../support/graphs/book-router.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import { REF, startTestRegistry } from '../support/registry/test-registry.ts';
import type { RegistryOptions, TestRegistry } from '../support/registry/test-registry.ts';
import { databaseKinds } from '../support/subgraphs/shop-subgraph.ts';
import { createClock } from '../support/time/clock.ts';

const DAY_MS = 86_400_000;
const START = Date.parse('2026-03-01T12:00:00Z');

type Calls = {
  readonly name: string;
  readonly requests: number;
  readonly at?: number;
  readonly version?: string;
};

/** An operation of a batch that selects one field. */
function operation(field: string, ...clients: readonly Calls[]) {
  const body = `query Get_${field} {\n  ${field}\n}`;
  return {
    signature: createHash('sha256').update(body).digest('hex'),
    name: `Get_${field}`,
    type: 'query',
    contract: null,
    body,
    fields: [`Query.${field}`],
    arguments: [],
    inputFields: [],
    enumValues: [],
    clients: clients.map(({ name, requests, at = START, version = null }) => ({
      name,
      version,
      requests,
      errors: 0,
      cost: requests,
      latencyBuckets: [requests, 0],
      firstSeen: new Date(at).toISOString(),
      lastSeen: new Date(at).toISOString(),
    })),
  };
}

const batchOf = (operations: readonly object[], more: object = {}) => ({
  batch: randomUUID(),
  instance: 'test',
  operations,
  ...more,
});

const USAGE = `query ($ref: ID!, $coordinate: String!, $sinceDays: Int) {
  variant(ref: $ref) { usage(coordinate: $coordinate, sinceDays: $sinceDays) {
    coordinate calls operations unlistedCalls firstSeen lastSeen clients { name version calls errors }
    days { day client calls errors }
  } }
}`;
const OPERATIONS = `query ($ref: ID!, $first: Int, $after: String, $coordinate: String, $client: String, $sinceDays: Int) {
  variant(ref: $ref) { operations(first: $first, after: $after, coordinate: $coordinate, client: $client, sinceDays: $sinceDays) {
    edges { node { id name body calls lastSeen clients { name version calls } } } pageInfo { hasNextPage endCursor }
  } }
}`;

async function usageOf(registry: TestRegistry, coordinate: string, sinceDays?: number) {
  const { data, errors } = await registry.call(USAGE, { ref: REF, coordinate, sinceDays });
  expect(errors).toEqual([]);
  return data.variant.usage;
}

async function operationsOf(registry: TestRegistry, filter: object = {}) {
  const { data, errors } = await registry.call(OPERATIONS, { ref: REF, ...filter });
  expect(errors).toEqual([]);
  return data.variant.operations;
}

const namesAndCalls = (connection: { edges: { node: { name: string; calls: number | null } }[] }) =>
  connection.edges.map(({ node: { name, calls } }) => [name, calls]);

async function startWithVariant(options: RegistryOptions): Promise<TestRegistry> {
  const registry = await startTestRegistry(options);
  await registry.publish('books', 'type Query { a: Int b: Int c: Int d: Int }');
  return registry;
}

describe.each(databaseKinds)('recorded operations in a registry on %s', (kind) => {
  const clock = createClock(START);
  let registry: TestRegistry;
  beforeAll(async () => {
    registry = await startWithVariant({ database: kind, now: clock.now, settings: { maxOperations: 5 } });
  });
  afterAll(() => registry[Symbol.asyncDispose]());
  const send = async (batch: object, key?: string) =>
    (await registry.post('/usage/shop/production', batch, key)).status;

  test('count each batch once, however often it is sent', async () => {
    const batch = batchOf([
      operation('a', { name: 'web', version: '1', requests: 4 }, { name: 'app', requests: 1 }),
    ]);
    expect(await Promise.all(Array.from({ length: 5 }, () => send(batch)))).toEqual([
      204, 204, 204, 204, 204,
    ]);
    const others = Array.from({ length: 10 }, () =>
      batchOf([
        operation('b', { name: 'app', requests: 2 }),
        operation('a', { name: 'web', version: '1', requests: 1 }),
      ]),
    );
    await Promise.all(others.map((one) => send(one)));
    expect(await usageOf(registry, 'Query.a')).toEqual({
      coordinate: 'Query.a',
      calls: 15,
      operations: 1,
      unlistedCalls: 0,
      firstSeen: '2026-03-01T12:00:00.000Z',
      lastSeen: '2026-03-01T12:00:00.000Z',
      clients: [
        { name: 'web', version: '1', calls: 14, errors: 0 },
        { name: 'app', version: null, calls: 1, errors: 0 },
      ],
      days: [
        { day: '2026-03-01', client: 'web', calls: 14, errors: 0 },
        { day: '2026-03-01', client: 'app', calls: 1, errors: 0 },
      ],
    });
    expect(await usageOf(registry, 'Query')).toMatchObject({ calls: 35, operations: 2 });
    expect(await usageOf(registry, 'Query.c')).toMatchObject({
      calls: 0,
      operations: 0,
      lastSeen: null,
      clients: [],
    });
  });

  test('are listed by calls, in pages, by coordinate and by client', async () => {
    const first = await operationsOf(registry, { first: 1 });
    expect(namesAndCalls(first)).toEqual([['Get_b', 20]]);
    expect(first.pageInfo.hasNextPage).toBe(true);
    const second = await operationsOf(registry, { first: 1, after: first.pageInfo.endCursor });
    expect(namesAndCalls(second)).toEqual([['Get_a', 15]]);
    expect(second.edges[0].node.clients).toEqual([
      { name: 'web', version: '1', calls: 14 },
      { name: 'app', version: null, calls: 1 },
    ]);
    expect(namesAndCalls(await operationsOf(registry, { coordinate: 'Query.b' }))).toEqual([['Get_b', 20]]);
    expect(namesAndCalls(await operationsOf(registry, { client: 'web' }))).toEqual([['Get_a', 14]]);
  });

  test('are rejected unless the batch is valid and the key may read the graph', async () => {
    const [valid] = [operation('a', { name: 'web', requests: 1 })];
    const poisoned = { ...valid, body: 'query Get_a { b }' };
    const twice = operation('a', { name: 'web', requests: 1 }, { name: 'web', requests: 1 });
    expect(await send(batchOf([poisoned]))).toBe(400);
    expect(await send(batchOf([twice]))).toBe(400);
    expect(await send(batchOf([{ ...valid, name: 'NUL \0' }]))).toBe(400);
    expect(await send({ operations: [] })).toBe(400);
    expect(await send(batchOf([valid]), 'trib_unknown')).toBe(401);
    expect(await send(batchOf([valid]), await registry.createKey('READ', 'other'))).toBe(403);
    expect((await registry.post('/usage/shop/absent', batchOf([valid]))).status).toBe(404);
    expect(await usageOf(registry, 'Query.a')).toMatchObject({ calls: 15 });
    expect(await send(batchOf([valid]), await registry.createKey('READ'))).toBe(204);
    expect(await usageOf(registry, 'Query.a')).toMatchObject({ calls: 16 });
  });

  test('are still counted after a router has sent counts that no sum can hold', async () => {
    const ref = 'shop@sums';
    await registry.publish('books', 'type Query { c: Int }', { ref });
    const sendTo = async (batch: object) => (await registry.post('/usage/shop/sums', batch)).status;
    const client = { name: 'wrong', requests: Number.MAX_SAFE_INTEGER };
    const wrong = () => {
      const one = operation('c', client, { ...client, version: '2' });
      const clients = one.clients.map((each) => ({ ...each, latencyBuckets: [2_147_483_647] }));
      return batchOf([{ ...one, clients }], {
        dropped: Number.MAX_SAFE_INTEGER,
        droppedCoordinates: { 'Query.c': Number.MAX_SAFE_INTEGER },
      });
    };
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push(await sendTo(wrong()));
    statuses.push(await sendTo(batchOf([operation('c', { name: 'wrong', requests: 1 })])));
    expect(statuses).toEqual([204, 204, 204, 204]);
    const { data } = await registry.call(USAGE, { ref, coordinate: 'Query.c' });
    expect(data.variant.usage.clients).toMatchObject([
      { calls: Number.MAX_SAFE_INTEGER },
      { calls: Number.MAX_SAFE_INTEGER },
    ]);

    const coordinates = Array.from({ length: 100_001 }, (_, index) => [`Query.f${index}`, 1]);
    const [valid] = operation('c', { name: 'web', requests: 1 }).clients;
    const yearZero = { ...valid, firstSeen: '0000-01-01T00:00:00Z', lastSeen: '0000-01-01T00:00:00Z' };
    const rejected = [
      batchOf([], { droppedCoordinates: Object.fromEntries(coordinates) }),
      batchOf([{ ...operation('c'), clients: [{ ...valid, cost: 1e308 }] }]),
      batchOf([{ ...operation('c'), clients: [yearZero] }]),
    ];
    expect(await Promise.all(rejected.map((batch) => sendTo(batch)))).toEqual([400, 400, 400]);
  });

  test('include the manifests of clients', async () => {
    const push = `mutation ($ref: ID!, $manifest: JSON!, $client: String) {
      pushOperations(ref: $ref, manifest: $manifest, client: $client) }`;
    const listed = { id: 'm1', name: 'Listed', type: 'query', body: 'query Listed { c }' };
    const manifest = { format: 'apollo-persisted-query-manifest', version: 1, operations: [listed] };
    for (const client of ['ios', 'android', 'ios'])
      expect((await registry.call(push, { ref: REF, manifest, client })).data).toEqual({ pushOperations: 1 });
    const rejected = await registry.call(push, { ref: REF, manifest: { operations: [] } });
    expect(rejected.errors[0]?.extensions.code).toBe('BAD_USER_INPUT');
    const { edges } = await operationsOf(registry, { client: 'ios' });
    expect(edges.map(({ node }: { node: object }) => node)).toEqual([
      {
        id: 'm1',
        name: 'Listed',
        body: 'query Listed { c }',
        calls: null,
        lastSeen: null,
        clients: [{ name: 'ios', version: null, calls: 0 }],
      },
    ]);
    expect(namesAndCalls(await operationsOf(registry))).toEqual([
      ['Get_b', 20],
      ['Get_a', 16],
      ['Listed', null],
    ]);
    const { data } = await registry.call(
      'query ($ref: ID!) { variant(ref: $ref) { operationManifest(sinceDays: 7) } }',
      { ref: REF },
    );
    expect(data.variant.operationManifest).toMatchObject({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: [
        {
          name: 'Get_a',
          clients: expect.arrayContaining([expect.objectContaining({ name: 'web', calls: 14 })]),
        },
        { name: 'Get_b', type: 'query', clients: [{ name: 'app', calls: 20 }] },
        {
          id: 'm1',
          name: 'Listed',
          body: 'query Listed { c }',
          clients: [
            { name: 'android', version: null, calls: null },
            { name: 'ios', version: null, calls: null },
          ],
        },
      ],
    });
  });

  test('beyond the maximum are counted by coordinate, and the rarest make room on the next day', async () => {
    const fields = ['f1', 'f2', 'f3', 'f4', 'f5'];
    await send(
      batchOf(
        fields.map((field) => operation(field, { name: 'flood', requests: 1 })),
        {
          dropped: 7,
          droppedCoordinates: { 'Query.f5': 7 },
        },
      ),
    );
    expect((await operationsOf(registry)).edges).toHaveLength(6);
    expect(await usageOf(registry, 'Query.f5')).toMatchObject({ calls: 0, unlistedCalls: 8 });
    clock.jump(DAY_MS);
    await send(batchOf([operation('late', { name: 'web', requests: 3, at: clock.now() })]));
    expect(namesAndCalls(await operationsOf(registry))).toEqual([
      ['Get_b', 20],
      ['Get_a', 16],
      ['Get_late', 3],
      ['Get_f2', 1],
      ['Get_f1', 1],
      ['Listed', null],
    ]);
    expect(await usageOf(registry, 'Query.f3')).toMatchObject({ calls: 0, unlistedCalls: 1 });
  });

  test('that are not stored fail a publish which removes what they use', async () => {
    await send(batchOf([], { dropped: 2, droppedCoordinates: { 'Query.d': 2 } }));
    const { data } = await registry.call(
      `mutation ($ref: ID!, $sdl: String!) {
        publishSubgraph(ref: $ref, input: { name: "books", sdl: $sdl }) { launch { number } errors { code } check { report } }
      }`,
      { ref: REF, sdl: 'type Query { a: Int b: Int c: Int }' },
    );
    expect(data.publishSubgraph).toMatchObject({
      launch: null,
      errors: [{ code: 'CHECK_FAILED' }],
      check: {
        report: {
          changes: [
            { coordinate: 'Query.d', verdict: 'breaks', usedBy: { operations: 0, unlistedCalls: 2 } },
          ],
        },
      },
    });
  });

  test('are kept for the configured days, and are read of the last days only', async () => {
    expect(namesAndCalls(await operationsOf(registry, { sinceDays: 1 }))).toHaveLength(6);
    clock.jump(2 * DAY_MS);
    await send(batchOf([operation('late', { name: 'web', requests: 1, at: clock.now() })]));
    expect(namesAndCalls(await operationsOf(registry, { sinceDays: 2 }))).toEqual([
      ['Get_late', 4],
      ['Listed', null],
    ]);
    clock.jump(89 * DAY_MS);
    await send(batchOf([operation('late', { name: 'web', requests: 1, at: clock.now() })]));
    expect(namesAndCalls(await operationsOf(registry))).toEqual([['Get_late', 2]]);
    expect(await usageOf(registry, 'Query.f5')).toMatchObject({ unlistedCalls: 0 });
  });
});

test('a router sends to a registry what its clients do', async () => {
  await using registry = await startWithVariant({});
  const key = await registry.createKey('READ');
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `usage: { registry: { url: "${registry.url}", key: "${key}", graph: "${REF}" } }\nshutdown: { lameDuckMs: 0 }\nlimits: { nameLength: 2000 }`,
  });
  const ask = (id: string) =>
    graph.post(
      { query: `query Titles { first: book(id: "${id}") { title } }` },
      { 'apollographql-client-name': 'web', 'apollographql-client-version': '3' },
    );
  // The registry rejects a whole batch because of such a name, which any client can send.
  const { status } = await graph.post({ query: `query ${'N'.repeat(1_001)} { book(id: "1") { title } }` });
  expect(status).toBe(200);
  await Promise.all(Array.from({ length: 25 }, (_, index) => ask(`private-${index}`)));
  await graph.router.drain();
  const recorded = await operationsOf(registry);
  expect(recorded.edges.map(({ node }: { node: object }) => node)).toMatchObject([
    {
      name: 'Titles',
      body: 'query Titles {\n  book(id: "") {\n    title\n  }\n}',
      calls: 25,
      clients: [{ name: 'web', version: '3', calls: 25 }],
    },
  ]);
  expect(await usageOf(registry, 'Book.title')).toMatchObject({
    calls: 25,
    operations: 1,
    unlistedCalls: 1,
  });
  expect(await usageOf(registry, 'Query.book(id:)')).toMatchObject({ calls: 25 });
});

test('a publish is rejected if only operations that are not stored use what it removes', async () => {
  await using registry = await startTestRegistry();
  await registry.publish('books', 'type Query { a: Int b: Int }');
  const batch = batchOf([], { dropped: 2, droppedCoordinates: { 'Query.b': 2 } });
  expect((await registry.post('/usage/shop/production', batch)).status).toBe(204);
  expect(await registry.publish('books', 'type Query { a: Int }')).toMatchObject({
    launch: null,
    check: { status: 'FAILED' },
    errors: [{ code: 'CHECK_FAILED' }],
  });
});

test('a publish is rejected because of what a following router has recorded, and names the client', async () => {
  await using registry = await startTestRegistry();
  await using books = await startBooks();
  const sdl = books.service.sdl;
  const options = { routingUrl: books.service.url };
  await registry.publish('books', sdl, options);
  const key = await registry.createKey('READ');
  const supergraph = { registry: { url: registry.url, key, graph: REF }, keepIn: 'kept' };
  await using follower = await startOn(books.folder, supergraph, {}, { shutdown: { lameDuckMs: 0 } });
  await expect.poll(() => follower.json('/health/ready')).toMatchObject({ status: 'UP' });
  const response = await fetch(follower.router.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'apollographql-client-name': 'ios' },
    body: JSON.stringify({ query: 'query Titles { books { title } }' }),
  });
  expect(await response.json()).toMatchObject({ data: { books: [{ title: 'Middlemarch' }, {}] } });
  await follower.router.drain();
  expect(await usageOf(registry, 'Book.title')).toMatchObject({ calls: 1, clients: [{ name: 'ios' }] });

  const broken = await registry.publish('books', sdl.replace('title: String pages', 'pages'), options);
  expect(broken).toMatchObject({
    launch: null,
    check: { status: 'FAILED' },
    errors: [{ code: 'CHECK_FAILED' }],
  });
  const { data } = await registry.call('query ($id: ID!) { check(id: $id) { report } }', {
    id: broken.check?.id,
  });
  expect(data.check.report.operations).toMatchObject([
    { name: 'Titles', client: 'ios', calls: 1, verdict: 'breaks', reasons: [{ line: 3 }] },
  ]);
  const unused = await registry.publish('books', sdl.replace(' pages: Int', ''), options);
  expect(unused).toMatchObject({ launch: { status: 'SERVING' } });
});

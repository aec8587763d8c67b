import { GraphQLError } from 'graphql';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RequestTrace, TracedFetch } from '../../router/request/request-trace.ts';
import { createDebugToken } from '../../router/trace/debug-token.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';
import { allArrived } from '../support/graphs/arrived.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { freePort } from '../support/servers/free-port.ts';
import { createClock } from '../support/time/clock.ts';

const KEY = { id: 'k1', secret: 'a-secret-of-at-least-32-characters' };

// Time passes only while a subgraph works. The services run in this process, so that the figures of a trace
// are exact on any machine.
const clock = createClock();
let workMs: Record<string, number> = {};
const gates = new Map<string, Gate>();

/** Delays the calls that reach a service. */
type Gate = PromiseWithResolvers<void> & { calls: number };

/** Lets the time that a service needs for a call pass. A closed gate delays it until the test opens it. */
async function work<Value>(service: string, value: Value): Promise<Value> {
  const gate = gates.get(service);
  if (gate !== undefined) {
    gate.calls += 1;
    await gate.promise;
  }
  clock.advance(workMs[service] ?? 0);
  return value;
}

function closeGate(service: string): () => void {
  const gate = { ...Promise.withResolvers<void>(), calls: 0 };
  gates.set(service, gate);
  return () => {
    gates.delete(service);
    gate.resolve();
  };
}

/** Waits until a call has reached the closed gate of a service: its connection is open then. */
async function callReaches(service: string): Promise<void> {
  await expect.poll(() => gates.get(service)?.calls).toBe(1);
}

const SHOP: SmallGraphOptions['services'] = {
  order: {
    sdl: `
      type Query { order: Order noOrder: Order }
      type Mutation { place: Order cancel: Order }
      type Order @key(fields: "id") { id: ID! product: Product substitute: Product }
      type Product @key(fields: "id") { id: ID! }
    `,
    resolvers: {
      Query: { order: () => work('order', ORDER), noOrder: () => work('order', null) },
      Mutation: { place: () => work('order', ORDER), cancel: () => work('order', ORDER) },
    },
  },
  inventory: {
    sdl: 'type Product @key(fields: "id") { id: ID! stock: Int price: Int broken: Int }',
    resolvers: {
      Product: {
        __resolveReference: ({ id }: { id: string }) => work('inventory', { id, stock: 3, price: 9 }),
        broken() {
          throw new GraphQLError('no', { extensions: { code: 'OUT_OF_STOCK' } });
        },
      },
    },
  },
  shipping: {
    sdl: 'type Order @key(fields: "id") { id: ID! eta: String }',
    resolvers: {
      Order: { __resolveReference: ({ id }: { id: string }) => work('shipping', { id, eta: 'today' }) },
    },
  },
  user: {
    sdl: 'type Query { me: User other: User } type Mutation { rename: User } type User { name: String }',
    resolvers: {
      Query: { me: () => work('user', { name: 'Ann' }), other: () => work('user', { name: 'Bob' }) },
      Mutation: { rename: () => work('user', { name: 'Eve' }) },
    },
  },
};
const ORDER = { id: 'o1', product: { id: 'p1' }, substitute: { id: 'p2' } };

type Received = {
  readonly data?: unknown;
  readonly errors?: readonly unknown[];
  readonly extensions?: { readonly trace?: RequestTrace };
};

type Traced = {
  readonly data: unknown;
  readonly trace: RequestTrace;
  readonly timing: string | null;
  readonly headers: Headers;
};

const start = (config: string, parts: SmallGraphOptions['parts'] = {}) =>
  startSmallGraph({
    services: SHOP,
    config,
    env: { IDENTITY_KEYS: `${KEY.id}:${KEY.secret}` },
    parts: { ...clock, random: () => 0, ...parts },
  });

async function send(
  graph: SmallGraph,
  body: object,
  headers: Readonly<Record<string, string>> = { 'tributary-trace': 'true' },
): Promise<Traced> {
  const response = await graph.post(body, headers);
  const { data, extensions } = (await response.json()) as Received;
  return {
    data,
    trace: extensions?.trace as RequestTrace,
    timing: response.headers.get('server-timing'),
    headers: response.headers,
  };
}

/** The fetches by subgraph, each with its duration instead of its times. */
function fetchesOf({ fetches }: RequestTrace): readonly (TracedFetch & { readonly ms: number })[] {
  return fetches.map((fetch) => ({ ...fetch, ms: fetch.endMs - fetch.startMs }));
}

async function callsInFlight(graph: SmallGraph, subgraph: string): Promise<number> {
  const { subgraphs } = (await graph.router.inspect()).state as {
    subgraphs: readonly { subgraph: string; inFlight: number }[];
  };
  return subgraphs.find((state) => state.subgraph === subgraph)?.inFlight ?? 0;
}

beforeEach(() => {
  workMs = {};
  gates.clear();
});

describe('a request that asks for its trace', () => {
  let graph: SmallGraph;
  beforeAll(async () => {
    const closed = `http://127.0.0.1:${await freePort()}/graphql`;
    graph = await start(`
      traffic:
        mergeFetches: true
        all: { connections: 1, timeoutMs: 1000 }
        subgraphs: { shipping: { urls: ["${closed}"], retries: 0 } }
      degradation:
        fallbacks: { Order.eta: unknown }
        stale: { Product.stock: { maxAgeS: 60, per: everyone } }`);
  });
  afterAll(() => graph[Symbol.asyncDispose]());

  test('names the slow service in trace, Server-Timing and log, with the same figures', async () => {
    workMs = { order: 40, inventory: 250 };
    const { trace, timing, headers } = await send(graph, {
      query: 'query Page { order { product { stock } } }',
    });
    expect(trace.sentence).toBe('290 ms: order 40 → inventory 250 → router 0');
    expect(timing).toBe('total;dur=290, inventory;dur=250, order;dur=40, router;dur=0');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(graph.log.at(-1)).toMatchObject({ msg: 'request', ms: 290 });
    expect(trace).toMatchObject({
      version: 1,
      requestId: headers.get('x-request-id'),
      supergraph: headers.get('x-supergraph-version'),
      operation: { name: 'Page', type: 'query' },
      totalMs: 290,
      criticalPath: [
        { fetch: 0, subgraph: 'order', ms: 40 },
        { fetch: 1, subgraph: 'inventory', ms: 250 },
      ],
      fetches: [
        {
          id: 0,
          subgraph: 'order',
          path: [],
          dependsOn: [],
          startMs: 0,
          endMs: 40,
          status: 200,
          attempts: 1,
          entities: 0,
          outcome: 'OK',
          breaker: 'closed',
          endpoint: 0,
          source: 'subgraph',
          bytesOut: Buffer.byteLength(graph.services.get('order')?.calls.at(-1)?.body ?? ''),
        },
        {
          id: 1,
          subgraph: 'inventory',
          path: ['order', 'product'],
          dependsOn: [0],
          startMs: 40,
          firstByteMs: 290,
          entities: 1,
          entitiesSent: 1,
          bytesIn: Buffer.byteLength('{"data":{"_entities":[{"stock":3}]}}'),
        },
      ],
    });
    expect(trace.stages.map(({ name }) => name)).toEqual([
      'receive',
      'authenticate',
      'persisted',
      'parse',
      'authorize',
      'rateLimit',
      'plan',
      'execute',
      'respond',
    ]);
  });

  test('says that document and plan were cached, from the second time on', async () => {
    const query = '{ order { id } }';
    const cachedStages = ({ trace }: Traced) =>
      trace.stages.flatMap(({ name, cached }) => (cached === true ? [name] : []));
    expect(cachedStages(await send(graph, { query }))).toEqual([]);
    expect(cachedStages(await send(graph, { query }))).toEqual(['parse', 'plan']);
  });

  test('names the longer of two parallel fetches', async () => {
    const [openOrder, openUser] = [closeGate('order'), closeGate('user')];
    const response = send(graph, { query: '{ order { id } me { name } }' });
    await callReaches('order');
    await callReaches('user');
    clock.advance(12);
    openUser();
    await expect.poll(() => callsInFlight(graph, 'user')).toBe(0);
    clock.advance(28);
    openOrder();
    expect((await response).trace.sentence).toBe('40 ms: order 40 (in parallel: user 12) → router 0');
  });

  test('says how long a fetch waited for a connection', async () => {
    const open = closeGate('user');
    const first = send(graph, { query: '{ me { name } }' });
    await callReaches('user');
    const second = send(graph, { query: '{ other { name } }' });
    await expect.poll(() => callsInFlight(graph, 'user')).toBe(2);
    clock.advance(180);
    workMs = { user: 10 };
    open();
    await first;
    const { trace, timing } = await second;
    // The first call took 10 ms of its own, for which the second one waited, too.
    expect(trace.sentence).toBe('200 ms: user 200 (waited 190 for a connection) → router 0');
    expect(trace.fetches[0]?.connectionMs).toBe(190);
    expect(timing).toContain('user;dur=200;desc="waited 190 ms for a connection"');
  });

  test('says whose call or execution it used, and only the request with the header receives a trace', async () => {
    const query = 'query Mine { me { name } }';
    const same = 'query Same { me { name } }';
    for (const text of [query, same]) await send(graph, { query: text });
    const open = closeGate('user');
    const leader = send(graph, { query }, { 'x-request-id': 'req-1' });
    await callReaches('user');
    clock.advance(100);
    const traced = { 'tributary-trace': 'true' };
    const execution = send(graph, { query }, { ...traced, 'x-request-id': 'req-2' });
    const call = send(graph, { query: same }, { ...traced, 'x-request-id': 'req-3' });
    await allArrived(graph, 3);
    clock.advance(50);
    open();
    const [one, two, three] = await Promise.all([leader, execution, call]);
    expect(one.trace).toBeUndefined();
    expect(two.trace).toMatchObject({
      requestId: 'req-2',
      joined: 'req-1',
      totalMs: 50,
      sentence: '50 ms: user 50 → router 0, sharing the execution of request req-1',
      fetches: [{ startMs: 0, endMs: 50, attempts: 1 }],
    });
    expect(three.trace).toMatchObject({
      totalMs: 50,
      sentence: '50 ms: user 50 (call of request req-1) → router 0',
      fetches: [{ startMs: 0, endMs: 50, joined: 'req-1', attempts: 0, bytesOut: 0, status: 200 }],
    });
    expect([one.data, two.data]).toEqual([three.data, three.data]);
  });

  test('attributes one call for two fetches to both', async () => {
    workMs = { inventory: 15 };
    const { trace } = await send(graph, {
      query: '{ order { product { stock } substitute { price } } }',
    });
    const [, first, second] = fetchesOf(trace);
    // The service resolves two entities.
    expect(first).toMatchObject({
      subgraph: 'inventory',
      ms: 30,
      attempts: 1,
      sharedWith: null,
      entities: 1,
    });
    expect(second).toMatchObject({
      ms: 30,
      attempts: 0,
      sharedWith: first?.id,
      entities: 1,
      status: 200,
      bytesOut: 0,
      dependsOn: [0],
    });
    expect(trace.sentence).toBe('30 ms: inventory 30 (in parallel: inventory 30) → router 0');
  });

  test('attributes a call that two fetches need to both', async () => {
    workMs = { inventory: 15 };
    const { trace } = await send(graph, {
      query: '{ order { product { stock } same: product { stock } } }',
    });
    const [, first, second] = fetchesOf(trace);
    expect(first).toMatchObject({ ms: 15, attempts: 1, sharedWith: null });
    expect(second).toMatchObject({ ms: 15, attempts: 0, sharedWith: first?.id, status: 200 });
  });

  test('names a fallback value, and why it was used', async () => {
    const { trace, data } = await send(graph, { query: '{ order { eta } }' });
    expect(data).toEqual({ order: { eta: 'unknown' } });
    expect(fetchesOf(trace)[1]).toMatchObject({
      subgraph: 'shipping',
      outcome: 'SUBGRAPH_UNAVAILABLE',
      source: 'fallback',
      status: null,
      firstByteMs: null,
      endpoint: 0,
    });
  });

  /** Ends the state that a test has forced, with a call that succeeds. */
  async function release(scope: { readonly field?: string }): Promise<void> {
    graph.router.applyBreakerCommand({ subgraph: 'inventory', ...scope, state: 'auto' });
    const { trace } = await send(graph, { query: '{ order { product { stock } } }' });
    expect(fetchesOf(trace)[1]).toMatchObject({ outcome: 'OK', source: 'subgraph' });
  }

  test('names a stale value and an open breaker', async () => {
    const query = '{ order { product { stock } } }';
    await send(graph, { query });
    graph.router.applyBreakerCommand({ subgraph: 'inventory', state: 'open' });
    await expect
      .poll(async () => fetchesOf((await send(graph, { query })).trace)[1])
      .toMatchObject({
        outcome: 'SUBGRAPH_CIRCUIT_OPEN',
        breaker: 'open',
        attempts: 0,
        endpoint: null,
        source: 'stale',
      });
    await release({});
  });

  test('names the part of a fetch that a breaker blocked', async () => {
    graph.router.applyBreakerCommand({ subgraph: 'inventory', field: 'Product.stock', state: 'open' });
    const { trace } = await send(graph, { query: '{ order { substitute { stock price } } }' });
    expect(fetchesOf(trace)[1]).toMatchObject({
      outcome: 'OK',
      errors: ['SUBGRAPH_CIRCUIT_OPEN'],
      breaker: 'open',
      attempts: 1,
      status: 200,
    });
    await release({ field: 'Product.stock' });
  });

  test('has the codes of errors in a response', async () => {
    const { trace } = await send(graph, { query: '{ order { product { broken } } }' });
    expect(fetchesOf(trace)[1]).toMatchObject({ outcome: 'OK', errors: ['OUT_OF_STOCK'], status: 200 });
  });

  test('names a timeout', async () => {
    closeGate('inventory');
    const response = send(graph, { query: '{ order { product { price } } }' });
    await callReaches('inventory');
    await clock.advanceAsync(1_000);
    const { trace } = await response;
    expect(trace.sentence).toBe('1000 ms: inventory 1000 (timed out) → router 0');
    expect(fetchesOf(trace)[1]).toMatchObject({ outcome: 'SUBGRAPH_TIMEOUT', attempts: 1, status: null });
  });

  test('has no fetch that was skipped, by a condition or without entities', async () => {
    const query = 'query ($stock: Boolean!) { order { id product @include(if: $stock) { stock } } }';
    const subgraphs = async (body: object) =>
      (await send(graph, body)).trace.fetches.map(({ subgraph }) => subgraph);
    expect(await subgraphs({ query, variables: { stock: true } })).toEqual(['order', 'inventory']);
    expect(await subgraphs({ query, variables: { stock: false } })).toEqual(['order']);
    expect(await subgraphs({ query: '{ noOrder { product { stock } } }' })).toEqual(['order']);
  });

  test('has the fields of a mutation in their order', async () => {
    workMs = { order: 20, inventory: 5, user: 7 };
    const { trace } = await send(graph, {
      query: 'mutation { place { product { stock } } rename { name } cancel { id } }',
    });
    expect(trace.criticalPath.filter((part) => 'fetch' in part).map(({ ms }) => ms)).toEqual([20, 5, 7, 20]);
    expect(trace.fetches.map(({ operation }) => operation)).toEqual([
      'mutation',
      'query',
      'mutation',
      'mutation',
    ]);
  });

  test('explains a rejection, too', async () => {
    const response = await graph.post({ query: '{ nothing }' }, { 'tributary-trace': 'true' });
    const { errors, extensions } = (await response.json()) as Received;
    expect(errors).toHaveLength(1);
    expect(extensions?.trace).toMatchObject({ version: 1, fetches: [] });
    expect(extensions?.trace?.stages.at(-1)?.name).toBe('parse');
  });
});

test('a retry at another endpoint is one fetch with two attempts', async () => {
  const closed = `http://127.0.0.1:${await freePort()}/graphql`;
  await using other = await startSmallGraph({
    services: { user: SHOP['user'] ?? { sdl: '', resolvers: {} } },
  });
  const working = other.services.get('user')?.url;
  await using graph = await start(`traffic: { subgraphs: { user: { urls: ["${closed}", "${working}"] } } }`);
  workMs = { user: 20 };
  const { trace } = await send(graph, { query: '{ me { name } }' });
  expect(trace.sentence).toBe('20 ms: user 20 (2 attempts) → router 0');
  expect(trace.fetches).toMatchObject([{ attempts: 2, endpoint: 1, outcome: 'OK', status: 200 }]);
});

test('a fetch that is sent in several requests, by its context arguments, is one fetch', async () => {
  const notes = {
    sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12",
            import: ["@key", "@context", "@fromContext"])
      type Query { shelves: [Shelf] }
      type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! row: String note: Note }
      type Note @key(fields: "id") { id: ID! text(row: String @fromContext(field: "$shelf { row }")): String }`,
    resolvers: {
      Query: {
        shelves: () => Array.from({ length: 120 }, (_, id) => ({ id, row: `row ${id}`, note: { id } })),
      },
      Note: { text: (_: never, { row }: { row?: string }) => row },
    },
  };
  await using graph = await startSmallGraph({ services: { notes }, parts: { ...clock, random: () => 0 } });
  const { trace } = await send(graph, { query: '{ shelves { note { text } } }' });
  expect(trace.fetches).toMatchObject([
    { entities: 0, attempts: 1 },
    { entities: 120, entitiesSent: 120, attempts: 3, outcome: 'OK', status: 200, dependsOn: [0] },
  ]);
  const sent = graph.services.get('notes')?.calls.slice(1) ?? [];
  const bytes = sent.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  expect(trace.fetches[1]?.bytesOut).toBe(bytes);
});

describe('in production', () => {
  let graph: SmallGraph;
  let issuer: Issuer;
  beforeAll(async () => {
    issuer = await startIssuer({ now: clock.now });
    graph = await start(`
      mode: production
      authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
      headers:
        response: [{ insert: { name: cdn-cache-control, value: max-age=60 } }]`);
  });
  afterAll(async () => {
    await graph[Symbol.asyncDispose]();
    await issuer[Symbol.asyncDispose]();
  });

  const query = '{ me { name } }';
  const asUser = async (roles: readonly string[]) => ({
    authorization: `Bearer ${await issuer.mint({ claims: { roles } })}`,
  });

  test('nobody sees times by default', async () => {
    for (const headers of [{}, await asUser(['customer']), { 'tributary-debug': 'x.y.z' }]) {
      const { trace, timing, data } = await send(graph, { query }, { ...headers, 'tributary-trace': 'true' });
      expect([data, trace, timing]).toEqual([{ me: { name: 'Ann' } }, undefined, null]);
    }
  });

  test('a user with the role sees them on request only, and caches store nothing', async () => {
    const admin = await asUser(['customer', 'admin']);
    expect(await send(graph, { query }, admin)).toMatchObject({ trace: undefined, timing: null });
    const { trace, timing, headers } = await send(graph, { query }, { ...admin, 'tributary-trace': 'true' });
    expect(trace.fetches).toMatchObject([{ subgraph: 'user' }]);
    expect(timing).toMatch(/^total;dur=/);
    expect([headers.get('cache-control'), headers.get('cdn-cache-control')]).toEqual([
      'no-store',
      'no-store',
    ]);
  });

  test('caches store no response with a query plan either', async () => {
    const { headers } = await send(
      graph,
      { query },
      { ...(await asUser(['admin'])), 'apollo-expose-query-plan': 'true' },
    );
    expect([headers.get('cache-control'), headers.get('cdn-cache-control')]).toEqual([
      'no-store',
      'no-store',
    ]);
  });

  test('a debug token shows the times of an anonymous request', async () => {
    const token = createDebugToken(KEY, { now: clock.now(), lifetimeS: 60 });
    const debug = { 'tributary-debug': token };
    expect(await send(graph, { query }, debug)).toMatchObject({
      trace: undefined,
      timing: expect.stringMatching(/^total;dur=/),
    });
    const traced = await send(graph, { query }, { ...debug, 'tributary-trace': 'true' });
    expect(traced.trace.sentence).toBe('0.0 ms: router 0.0');
  });

  test('a request that shares the execution of a traced one receives no trace', async () => {
    const token = createDebugToken(KEY, { now: clock.now(), lifetimeS: 60 });
    const open = closeGate('user');
    const traced = send(graph, { query }, { 'tributary-debug': token, 'tributary-trace': 'true' });
    await callReaches('user');
    const other = send(graph, { query }, { 'tributary-trace': 'true' });
    await allArrived(graph, 2);
    open();
    expect((await traced).trace.fetches).toHaveLength(1);
    expect(await other).toMatchObject({ trace: undefined, timing: null });
  });

  test('a rejected request shows nothing either', async () => {
    const response = await graph.post({ query: '{ nothing }' }, { 'tributary-trace': 'true' });
    expect(await response.json()).not.toHaveProperty('extensions');
    expect(response.headers.get('server-timing')).toBeNull();
  });
});

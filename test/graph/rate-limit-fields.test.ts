import { randomUUID } from 'node:crypto';
import * as fc from '../support/runs/properties.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createExecution } from '../../router/operation/execute-operation.ts';
import { sha256Of } from '../../router/persisted-operations/registry.ts';
import { hang, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';
import { createClock } from '../support/time/clock.ts';

let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer();
});

afterAll(() => issuer[Symbol.asyncDispose]());

const DAY = 86_400;
/** So few points a day that none is refilled within a minute. */
const FEW = 1_000;

function start(rateLimit: string, points = 100_000, services = LIBRARY): Promise<SmallGraph> {
  return startSmallGraph({
    services,
    parts: { env: {} },
    config: `
redis: { url: "${process.env['REDIS_URL']}", commandTimeoutMs: 5000, keyPrefix: "test-${randomUUID()}:" }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit: { enabled: true, tiers: { FREE: { points: ${points}, windowS: ${DAY} } }, ${rateLimit} }
`,
  });
}

async function bearer(): Promise<{ readonly authorization: string }> {
  const token = await issuer.mint({ claims: { sub: randomUUID(), tier: 'FREE' } });
  return { authorization: `Bearer ${token}` };
}

async function costOf(response: Response) {
  const { extensions } = (await response.json()) as {
    extensions?: { cost?: { requested: number; actual: number; remaining: number } };
  };
  return extensions?.cost;
}

const rename = (count: number) =>
  `mutation { ${Array.from({ length: count }, (_, index) => `a${index}: rename(id: 1, title: "x") { id }`).join(' ')} }`;

describe('calls of a limited field', () => {
  const limited = `fields: { Mutation.rename: { calls: 10, windowS: ${DAY} } }`;

  test('are counted each: by alias, by fragment, without skipped fields', async () => {
    await using graph = await start(limited);
    const headers = await bearer();
    const statusOf = async (query: string, variables = {}) =>
      (await graph.post({ query, variables }, headers)).status;
    expect(await statusOf(rename(4))).toBe(200);
    const spread = `mutation ($no: Boolean!) { ...F skipped: rename(id: 1, title: "y") @include(if: $no) { id } }
      fragment F on Mutation { b: rename(id: 1, title: "x") { id } c: rename(id: 1, title: "x") { id } }`;
    expect(await statusOf(spread, { no: false })).toBe(200);
    // Four calls are left: five calls are rejected and charge nothing.
    expect(await statusOf(rename(5))).toBe(429);
    expect(await statusOf(rename(4))).toBe(200);
    const rejected = await graph.post({ query: rename(1) }, headers);
    expect(rejected.status).toBe(429);
    expect(Number(rejected.headers.get('retry-after'))).toBeGreaterThan(DAY / 10 - 60);
    expect(await rejected.json()).toEqual({
      errors: [
        {
          message: expect.stringMatching(
            /^The rate limit of 10 calls of Mutation\.rename per 86400 seconds is exceeded\. Try again in \d+ seconds\.$/,
          ),
          extensions: {
            code: 'RATE_LIMITED',
            retryAfterMs: expect.any(Number),
            bucket: 'Mutation.rename',
            limit: 10,
            windowMs: DAY * 1_000,
            remaining: 0,
            field: 'Mutation.rename',
            requestId: rejected.headers.get('x-request-id'),
          },
        },
      ],
    });
    expect(await statusOf('{ books { id } }')).toBe(200);
  });

  test('have a bucket for each user, and requests above its size are rejected', async () => {
    await using graph = await start(limited);
    const [ada, bob] = [await bearer(), await bearer()];
    const statusOf = async (count: number, headers: Record<string, string>) =>
      (await graph.post({ query: rename(count) }, headers)).status;
    expect(await statusOf(11, ada)).toBe(400);
    expect(await statusOf(10, ada)).toBe(200);
    expect(await statusOf(1, ada)).toBe(429);
    expect(await statusOf(10, bob)).toBe(200);
  });

  test('are counted per address for all its users together', async () => {
    await using graph = await start(
      `fields: { Mutation.rename: { calls: 10, windowS: ${DAY}, per: address } }`,
    );
    expect((await graph.post({ query: rename(10) }, await bearer())).status).toBe(200);
    expect((await graph.post({ query: rename(1) }, await bearer())).status).toBe(429);
  });

  test('are counted by the value of an argument for all users, ignoring case', async () => {
    await using graph = await start(`fields: { Mutation.rename: [
      { calls: 2, windowS: ${DAY}, per: "argument:title" }, { calls: 4, windowS: ${DAY}, per: address } ] }`);
    const statusOf = async (
      title: string,
      query = 'mutation ($t: String!) { rename(id: 1, title: $t) { id } }',
    ) => (await graph.post({ query, variables: { t: title } }, await bearer())).status;
    expect(await statusOf('ada')).toBe(200);
    expect(await statusOf('', 'mutation { rename(id: 1, title: " ADA ") { id } }')).toBe(200);
    expect(await statusOf('Ada')).toBe(429);
    expect(
      await statusOf(
        '',
        'mutation { ...F } fragment F on Mutation { a: rename(id: 1, title: "ada") { id } }',
      ),
    ).toBe(429);
    // The address has two calls left, and a rejected operation charges none of them.
    expect(await statusOf('bob')).toBe(200);
    expect(await statusOf('x'.repeat(10_000))).toBe(200);
    expect(await statusOf('cleo')).toBe(429);
  });

  test('are counted by the value of an argument in any Unicode notation, with any number of marks', async () => {
    await using graph = await start(
      `fields: { Mutation.rename: { calls: 1, windowS: ${DAY}, per: "argument:title" } }`,
    );
    const statusOf = async (title: string) => {
      const query = 'mutation ($t: String!) { rename(id: 1, title: $t) { id } }';
      return (await graph.post({ query, variables: { t: title } }, await bearer())).status;
    };
    expect(await statusOf('zoe\u0308')).toBe(200);
    expect(await statusOf('zo\u00eb')).toBe(429);
    expect(await statusOf('\uff5ao\u00eb')).toBe(429);
    const marks = '\u0315\u0316'.repeat(500);
    expect(await statusOf(`z${marks}`)).toBe(200);
    expect(await statusOf(`Z${marks} `)).toBe(429);
    expect(await statusOf(`y${marks}`)).toBe(200);
  });

  test('are counted once by each of several limits for one argument, and apart from a limit of failures', async () => {
    await using graph = await start(`fields: { Mutation.rename: [
      { calls: 2, windowS: ${DAY}, per: "argument:title" }, { calls: 3, windowS: 60, per: "argument:title" },
      { calls: 2, windowS: ${DAY}, per: "argument:title", counts: failures } ] }`);
    const headers = { ...(await bearer()), 'x-cost': 'report' };
    const statusOf = async () => (await graph.post({ query: rename(1) }, headers)).status;
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([200, 200, 429]);
  });

  test('are counted by the value of an argument at each place of a fragment and for each list item', async () => {
    const nested = {
      shop: {
        sdl: `type Query {
                self: Query
                selves: [Query!] @listSize(assumedSize: 2)
                few(first: Int): [Query!] @listSize(slicingArguments: ["first"])
                book(id: ID!): Book
              }
              type Book { id: ID! }`,
        resolvers: {
          Query: {
            self: () => ({}),
            selves: () => [{}, {}],
            few: () => [],
            book: (_: never, { id }: { id: string }) => ({ id }),
          },
        },
      },
    };
    await using graph = await start(
      `fields: { Query.book: { calls: 3, windowS: ${DAY}, per: "argument:id" } }`,
      100_000,
      nested,
    );
    const headers = await bearer();
    const statusOf = async (query: string) => (await graph.post({ query }, headers)).status;
    const twice = (id: string) =>
      `{ a: self { ...F } b: self { ...F } } fragment F on Query { book(id: "${id}") { id } }`;
    expect(await statusOf(twice('1'))).toBe(200);
    expect(await statusOf(twice('1'))).toBe(429);
    const listed = (id: string) => `{ selves { book(id: "${id}") { id } } }`;
    expect(await statusOf(listed('2'))).toBe(200);
    expect(await statusOf(listed('2'))).toBe(429);
    // The value of a field below an empty list is not the value of one of the two calls.
    const beside = '{ few(first: 0) { book(id: "0") { id } } selves { book(id: "3") { id } } }';
    expect(await statusOf(beside)).toBe(200);
    expect(await statusOf(beside)).toBe(429);
  });

  test('are counted once by an argument if a field above is denied for one type of an interface', async () => {
    const guarded = {
      shop: {
        sdl: `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@authenticated"])
              type Query { media: Media book(id: ID = "1"): Book }
              type Book { id: ID! }
              interface Media { shop: Query }
              type Film implements Media { shop: Query }
              type Song implements Media { shop: Query }
              type Text implements Media { shop: Query @authenticated }`,
        resolvers: {
          Query: {
            media: () => ({ __typename: 'Film', shop: {} }),
            book: (_: never, { id }: { id: string }) => ({ id }),
          },
        },
      },
    };
    await using graph = await start(
      `fields: { Query.book: { calls: 2, windowS: ${DAY}, per: "argument:id" } }`,
      100_000,
      guarded,
    );
    const denied = '{ media { shop { book(id: "1") { id } } } }';
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await graph.post({ query: denied })).status);
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('have the default of an argument that is absent as its value', async () => {
    const defaults = {
      shop: {
        sdl: `type Query { book(id: ID = "1", by: By = { name: "a" }): Book }
              input By { name: String = "a" }
              type Book { id: ID! }`,
        resolvers: { Query: { book: () => ({ id: '1' }) } },
      },
    };
    await using graph = await start(
      `fields: { Query.book: [
        { calls: 3, windowS: ${DAY}, per: "argument:id" }, { calls: 6, windowS: ${DAY}, per: "argument:by.name" } ] }`,
      100_000,
      defaults,
    );
    const statusOf = async (call: string) => (await graph.post({ query: `${call} { id } }` })).status;
    expect(await statusOf('{ book(id: "1", by: { name: "A" })')).toBe(200);
    expect(await statusOf('{ book(by: {})')).toBe(200);
    expect(await statusOf('query ($v: ID, $b: By) { book(id: $v, by: $b)')).toBe(200);
    expect(await statusOf('{ book(id: "1")')).toBe(429);
    expect(await statusOf('{ a: book(id: "2") { id } b: book(id: "2") { id } c: book(id: "2")')).toBe(200);
    expect(await statusOf('{ book(id: "3")')).toBe(429);
  });

  test('are counted by the value of a number in any notation of any length', async () => {
    const orders = {
      orders: { sdl: 'scalar Long type Query { order(number: Long): Int }', resolvers: {} },
    };
    const limit = `fields: { Query.order: { calls: 1, windowS: ${DAY}, per: "argument:number" } }`;
    await using graph = await start(limit, 100_000, orders);
    const headers = await bearer();
    const statusOf = async (number: string) => {
      const query = 'query ($n: Long) { order(number: $n) }';
      return (await graph.post({ query, variables: { n: JSON.rawJSON(number) } }, headers)).status;
    };
    expect(await statusOf('5')).toBe(200);
    for (const zeros of [0, 900, 1_018, 1_019, 1_100, 100_000]) {
      expect(await statusOf(`5${'0'.repeat(zeros)}e-${zeros}`)).toBe(429);
      expect(await statusOf(`0.${'0'.repeat(zeros)}5e${zeros + 1}`)).toBe(429);
    }
    expect(await statusOf(`5${'0'.repeat(100_000)}1`)).toBe(200);
  });

  test('are refunded when they return a value, if only failures count', async () => {
    await using graph = await start(
      `fields: { Mutation.rename: { calls: 2, windowS: ${DAY}, per: address, counts: failures } }`,
    );
    const works = 'mutation { rename(id: 1, title: "x") { id } }';
    const fails = 'mutation { rename(id: 99, title: "x") { id } }';
    // With a cost report the calls are refunded before the response is sent.
    const statusOf = async (query: string) =>
      (await graph.post({ query }, { ...(await bearer()), 'x-cost': 'report' })).status;
    for (let count = 0; count < 5; count++) expect(await statusOf(works)).toBe(200);
    expect(await statusOf(fails)).toBe(200);
    expect(await statusOf(works)).toBe(200);
    expect(await statusOf(fails)).toBe(200);
    expect(await statusOf(works)).toBe(429);
  });

  test.each(['local', 'shared'])('are refunded once by two equal limits (%s buckets)', async (buckets) => {
    const limit = `{ calls: 3, windowS: ${DAY}, per: address, counts: failures }`;
    const rateLimit = `fields: { Mutation.rename: [${limit}, ${limit}] }`;
    await using graph = await (buckets === 'shared'
      ? start(rateLimit)
      : startSmallGraph({ services: LIBRARY, config: `rateLimit: { enabled: true, ${rateLimit} }` }));
    const statusOf = async (id: number) => {
      const query = `mutation { rename(id: ${id}, title: "x") { id } }`;
      return (await graph.post({ query }, { 'x-cost': 'report' })).status;
    };
    expect([await statusOf(99), await statusOf(99)]).toEqual([200, 200]);
    for (let count = 0; count < 3; count++) expect(await statusOf(1)).toBe(200);
    expect([await statusOf(99), await statusOf(99)]).toEqual([200, 429]);
  });

  test('are not refunded when one of them fails', async () => {
    await using graph = await start(
      `fields: { Mutation.rename: { calls: 2, windowS: ${DAY}, per: address, counts: failures } }`,
    );
    const mixed = 'mutation { a: rename(id: 1, title: "x") { id } b: rename(id: 99, title: "x") { id } }';
    const headers = { ...(await bearer()), 'x-cost': 'report' };
    expect((await graph.post({ query: mixed }, headers)).status).toBe(200);
    expect((await graph.post({ query: rename(1) }, headers)).status).toBe(429);
  });

  test('by argument or by failures need a root field', async () => {
    const limits = '{ calls: 1, per: "argument:id" }';
    await expect(start(`fields: { Book.title: ${limits} }`)).rejects.toThrow(
      '`argument:NAME` and `failures` require a field of Query or Mutation',
    );
  });

  test('are admitted exactly, under concurrent load', async () => {
    await using graph = await start(limited);
    const headers = await bearer();
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await graph.post({ query: rename(1) }, headers)).status),
    );
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
  });

  test('that the supergraph does not have prevent the start', async () => {
    const started = start('fields: { Mutation.nothing: { calls: 1 } }');
    await expect(started).rejects.toThrow(
      'the supergraph has no field Mutation.nothing; Mutation has: rename',
    );
  });
});

describe('the cost of an operation', () => {
  const TIMEOUT_MS = 100;

  test('is the same by alias, fragment, GET and hash', async () => {
    await using graph = await start('');
    const headers = { ...(await bearer()), 'x-cost': 'report', 'apollo-require-preflight': '1' };
    const get = (parameters: Record<string, string>) =>
      fetch(`${graph.router.url}?${new URLSearchParams(parameters).toString()}`, { headers });
    const fields = fc.constantFrom(
      'books { id }',
      'books { title reviews { text } }',
      'newest { text book { id } }',
    );
    await fc.assert(
      fc.asyncProperty(fields, fc.integer({ min: 1, max: 4 }), async (field, count) => {
        const single = (await costOf(await graph.post({ query: `{ ${field} }` }, headers)))?.requested ?? 0;
        const copies = Array.from({ length: count }, (_, index) => `c${index}: ${field}`).join(' ');
        const aliased = `{ ${copies} }`;
        const spread = `{ ...F } fragment F on Query { ${copies} }`;
        const extensions = { persistedQuery: { version: 1, sha256Hash: sha256Of(aliased) } };
        const responses = [
          await graph.post({ query: aliased }, headers),
          await graph.post({ query: spread }, headers),
          await get({ query: aliased }),
          await graph.post({ query: aliased, extensions }, headers),
          await graph.post({ extensions }, headers),
          await get({ extensions: JSON.stringify(extensions) }),
        ];
        const costs = await Promise.all(responses.map(costOf));
        expect(costs.map((cost) => cost?.requested)).toEqual(responses.map(() => count * single));
        expect(new Set(costs.map((cost) => cost?.actual)).size).toBe(1);
      }),
      { numRuns: 8, seed: 1 },
    );
  });

  test('is reconciled with the returned data; the rest is refunded', async () => {
    await using graph = await start('', FEW);
    const headers = await bearer();
    // The estimate is two books with up to three reviews each; each has one.
    const query = '{ books { reviews { text } } }';
    const report = await costOf(await graph.post({ query }, { ...headers, 'x-cost': 'report' }));
    expect(report).toEqual({ requested: 8, actual: 4, remaining: 996 });
    await graph.post({ query }, headers);
    await expect
      .poll(async () => (await fetch(`${graph.router.adminUrl}/metrics`)).text())
      .toMatch(
        /tributary_rate_limit_refunded_points_total 8\n[^]*tributary_budget_refunded_points_total 8\n/,
      );
  });

  test('is not charged for a service that is down', async () => {
    await using graph = await start('', FEW);
    await graph.services.get('reviews')?.[Symbol.asyncDispose]();
    const headers = { ...(await bearer()), 'x-cost': 'report' };
    const response = await graph.post({ query: '{ books { title reviews { text } } }' }, headers);
    expect(await costOf(response)).toEqual({ requested: 8, actual: 2, remaining: 998 });
  });

  test('is charged for a call that was sent and failed, and not for one that was not sent', async () => {
    const clock = createClock();
    // The time of a call passes when it has arrived, so that no call times out before it is sent.
    await using slow = await startStubSubgraph(() => {
      clock.advance(TIMEOUT_MS);
      return hang();
    });
    await using graph = await startSmallGraph({
      services: {
        ...LIBRARY,
        late: {
          sdl: `type Query { late: [Late!] @listSize(assumedSize: 20) } type Mutation { begin: Late }
            type Late { id: ID } extend type Book @key(fields: "id") { id: ID! copies: [Late!] }`,
          resolvers: {},
        },
      },
      parts: clock,
      config: `
rateLimit: { enabled: true, anonymous: { points: 10000, windowS: ${DAY} } }
traffic: { all: { breaker: { enabled: false } }, subgraphs: { late: { timeoutMs: ${TIMEOUT_MS}, urls: ["${slow.url}"] } } }`,
    });
    const cost = async (query: string) => costOf(await graph.post({ query }, { 'x-cost': 'report' }));
    // Two books, each with ten copies as estimated; the charge for the books stays as it is.
    expect(await cost('{ books { copies { id } } }')).toMatchObject({ requested: 22, actual: 22 });
    expect(await cost('{ late { id } book(id: 1) { id } }')).toMatchObject({ requested: 21, actual: 21 });
    expect(await cost('mutation { begin { id } }')).toMatchObject({ requested: 11, actual: 11 });
    graph.router.applyBreakerCommand({ subgraph: 'late', state: 'open' });
    expect(await cost('{ books { copies { id } } }')).toMatchObject({ requested: 22, actual: 2 });
    expect(await cost('{ late { id } book(id: 1) { id } }')).toMatchObject({ requested: 21, actual: 1 });
    expect(await cost('mutation { begin { id } }')).toMatchObject({ requested: 11, actual: 10 });
  });

  test('stays charged if the execution ends with an internal error', async () => {
    const begin = () => {
      throw new TypeError('a bug');
    };
    await using graph = await startSmallGraph({
      services: LIBRARY,
      parts: {
        createExecution: (parts) =>
          createExecution({ ...parts, headerCollector: { passesCookies: false, begin } }),
      },
      config: `rateLimit: { enabled: true, anonymous: { points: 16, windowS: ${DAY} } }`,
    });
    const statusOf = async () => (await graph.post({ query: '{ books { reviews { text } } }' })).status;
    expect([await statusOf(), await statusOf(), await statusOf()]).toEqual([500, 500, 429]);
  });

  test('is not reported unless it is requested', async () => {
    await using graph = await start('');
    expect(await graph.query('{ newest { text } }')).toEqual({ data: { newest: { text: 'Long.' } } });
  });
});

test('rejects nothing and counts everything while limits are only measured', async () => {
  await using graph = await start(
    `mode: measure, maxCost: 10, fields: { Mutation.rename: { calls: 1, windowS: ${DAY} } }`,
  );
  const headers = await bearer();
  for (const query of [
    rename(1),
    rename(2),
    '{ a: books { reviews { text } } b: books { reviews { text } } }',
  ]) {
    const response = await graph.post({ query }, headers);
    expect([response.status, response.headers.get('ratelimit')]).toEqual([200, null]);
  }
  const metrics = await (await fetch(`${graph.router.adminUrl}/metrics`)).text();
  expect(metrics).toContain('tributary_limits_measured_total{code="COST_ESTIMATED_TOO_EXPENSIVE"}');
});

test('the admin port reports the top consumers, without their tokens', async () => {
  await using graph = await start('');
  const headers = await bearer();
  await graph.post({ query: '{ books { title } }' }, headers);
  const text = await (await fetch(`${graph.router.adminUrl}/state`)).text();
  const { topConsumers } = JSON.parse(text) as { topConsumers: { current: { top: unknown[] } } };
  expect(topConsumers.current.top).toMatchObject([
    { points: 2, operations: 1, user: { id: expect.any(String) } },
  ]);
  // The router itself is not a consumer: its smoke test is not charged.
  expect(JSON.stringify(topConsumers)).not.toContain('canary');
  const { user } = topConsumers.current.top[0] as { user: { id: string; issuer: string } };
  const [line] = graph.log.filter(({ msg }) => msg === 'request');
  expect(line).toMatchObject({ userId: user.id, userIssuer: user.issuer });
  expect(text).not.toContain(headers.authorization.slice(7, 40));
});

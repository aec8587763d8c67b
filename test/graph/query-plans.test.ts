import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlanner } from '../../router/planning/planner.ts';
import type { Parts } from '../../router/router.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';
import { runVerb } from '../support/processes/run-verb.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { createClock } from '../support/time/clock.ts';

const query = 'query Shelf { books { title reviews { text } } }';

let graph: SmallGraph;
let issuer: Issuer;

beforeAll(async () => {
  issuer = await startIssuer();
  graph = await startSmallGraph({ services: LIBRARY });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

type Body = {
  readonly data?: unknown;
  readonly errors?: unknown;
  readonly extensions?: {
    readonly apolloQueryPlan?: { readonly object: object; readonly text: string };
    readonly queryPlan?: object;
    readonly tributaryPlan?: {
      readonly estimatedMs: number | null;
      readonly fetches: readonly { readonly operation: string }[];
    };
  };
};

async function post(
  headers: Readonly<Record<string, string>>,
  body: object = { query },
  to: SmallGraph = graph,
): Promise<{ readonly headers: Headers; readonly body: Body }> {
  const response = await to.post(body, headers);
  return { headers: response.headers, body: (await response.json()) as Body };
}

const calls = () => [...graph.services.values()].map(({ calls: received }) => received.length);

test("adds the plan in the form of Apollo's and of Hive's tools to the response", async () => {
  const { body } = await post({ 'apollo-expose-query-plan': 'true', 'hive-expose-query-plan': 'true' });
  expect(body.data).toMatchObject({ books: [{ title: 'Middlemarch' }, {}] });
  const plan = {
    kind: 'QueryPlan',
    node: {
      kind: 'Sequence',
      nodes: [
        { kind: 'Fetch', serviceName: 'books' },
        { kind: 'Flatten', path: ['books', '@'], node: { kind: 'Fetch', serviceName: 'reviews' } },
      ],
    },
  };
  expect(body.extensions).toMatchObject({
    apolloQueryPlan: { object: plan, text: expect.stringContaining('Fetch(service: "books")') },
    queryPlan: plan,
    tributaryPlan: {
      cost: expect.any(Number),
      calls: 2,
      subgraphs: { books: 1, reviews: 1 },
      fetches: [
        { id: 0, subgraph: 'books', path: [], dependsOn: [], kind: 'query' },
        {
          id: 1,
          subgraph: 'reviews',
          path: ['books', '@'],
          dependsOn: [0],
          requires: '{ ... on Book { __typename id } }',
          operation: expect.stringContaining('_entities'),
        },
      ],
    },
  });
});

test('a dry run plans without calling a subgraph, and needs no variables', async () => {
  const before = calls();
  const { headers, body } = await post({ 'apollo-expose-query-plan': 'dry-run' });
  expect(body).toEqual({
    extensions: { apolloQueryPlan: expect.anything(), tributaryPlan: expect.anything() },
  });
  expect(headers.get('cache-control')).toBe('no-store');
  const mutation = 'mutation ($id: ID!) { rename(id: $id, title: "x") { title } }';
  const hive = await post({ 'hive-expose-query-plan': 'dry-run' }, { query: mutation });
  expect(hive.body).toMatchObject({
    extensions: {
      queryPlan: { node: { kind: 'Fetch', operationKind: 'mutation' } },
      tributaryPlan: { cost: null },
    },
  });
  expect(calls()).toEqual(before);
});

test('returns the result of an executed mutation even if its plan cannot be shown', async () => {
  let rejects = false;
  const timeout = new RouterError('PLANNING_TIMEOUT');
  const startPlanner: Parts['createPlanner'] = async (options) => {
    const planner = await createPlanner(options);
    const plan: typeof planner.plan = async (...operation) =>
      rejects ? { kind: 'rejected', error: timeout } : planner.plan(...operation);
    return { plan, [Symbol.asyncDispose]: () => planner[Symbol.asyncDispose]() };
  };
  await using busy = await startSmallGraph({ services: LIBRARY, parts: { createPlanner: startPlanner } });
  const mutation = { query: 'mutation { rename(id: 1, title: "x") { title } }' };
  const expected = { data: { rename: { title: 'x' } } };
  expect((await post({}, mutation, busy)).body).toEqual(expected);
  rejects = true;
  const { headers, body } = await post({ 'apollo-expose-query-plan': 'true' }, mutation, busy);
  expect(body).toEqual(expected);
  expect(headers.get('cache-control')).toBe('no-store');
});

test('responds to other values, and to invalid operations, as without the header', async () => {
  expect((await post({ 'apollo-expose-query-plan': 'false' })).body.extensions).toBeUndefined();
  const { body } = await post({ 'apollo-expose-query-plan': 'dry-run' }, { query: '{ nothing }' });
  expect(body).toMatchObject({ errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }] });
});

test('in production shows plans to a role only, and executes the dry run of everybody else', async () => {
  await using production = await startSmallGraph({
    services: LIBRARY,
    config: `
mode: production
authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
`,
  });
  const dryRun = { 'apollo-expose-query-plan': 'dry-run' };
  const anonymous = await post(dryRun, { query }, production);
  expect(anonymous.body.data).toMatchObject({ books: [{}, {}] });
  expect(anonymous.body.extensions).toBeUndefined();
  const authorization = `Bearer ${await issuer.mint({ claims: { roles: ['admin'] } })}`;
  const admin = await post({ ...dryRun, authorization }, { query }, production);
  expect(admin.body).toMatchObject({ extensions: { tributaryPlan: { calls: 2 } } });
  expect(admin.body.data).toBeUndefined();
});

test.each([
  ['root fields and entities', query],
  ['a mutation', 'mutation { rename(id: 1, title: "x") { title reviews { text } } }'],
  [
    'a condition, fetches that wait for two others, and unknown variables',
    'query ($id: ID!, $all: Boolean!) { book(id: $id) { title } newest { book @include(if: $all) { pages } } }',
  ],
])('tributary plan prints what the response describes: %s', async (_, document) => {
  const { body } = await post({ 'apollo-expose-query-plan': 'dry-run' }, { query: document });
  const config = join(dirname(graph.supergraphFile), 'router.yaml');
  await writeFile(config, 'listen: { port: 0 }\n');
  const files = ['--config', config, '--supergraph', graph.supergraphFile];
  const outcome = await runVerb('plan', ...files, '--query', document);
  if (outcome.kind !== 'success') throw new Error(outcome.message);
  const { estimatedMs: __, ...described } = body.extensions?.tributaryPlan ?? { fetches: [] };
  const { plan, text, cost, calls, calls_by_subgraph: subgraphs, fetches } = outcome.data;
  expect(described.fetches.length).toBeGreaterThan(0);
  expect(JSON.parse(JSON.stringify({ cost, calls, subgraphs, fetches }))).toEqual(described);
  expect(JSON.parse(JSON.stringify({ object: plan, text }))).toEqual(body.extensions?.apolloQueryPlan);
});

test('estimates the longest chain of calls by the median latencies of the subgraphs', async () => {
  const clock = createClock();
  const slow = { books: 40, reviews: 15 };
  const taking = <Value>(name: keyof typeof slow, value: Value): Value => {
    clock.advance(slow[name]);
    return value;
  };
  const services: SmallGraphOptions['services'] = {
    books: {
      sdl: 'type Query { book: Book other: Book } type Book @key(fields: "id") { id: ID! }',
      resolvers: {
        Query: { book: () => taking('books', { id: '1' }), other: () => taking('books', { id: '2' }) },
      },
    },
    reviews: {
      sdl: 'type Book @key(fields: "id") { id: ID! stars: Int }',
      resolvers: { Book: { __resolveReference: () => taking('reviews', { stars: 5 }) } },
    },
  };
  await using timed = await startSmallGraph({ services, parts: { ...clock, random: () => 0 } });
  const dryRun = async (text: string) =>
    (await post({ 'apollo-expose-query-plan': 'dry-run' }, { query: text }, timed)).body.extensions
      ?.tributaryPlan;
  expect(await dryRun('{ book { stars } }')).toMatchObject({ estimatedMs: null });
  await timed.query('{ book { stars } }');
  // Latencies are counted in buckets, so an estimate differs by a few percent.
  const { estimatedMs } = (await dryRun('{ book { stars } }')) ?? { estimatedMs: null };
  expect(estimatedMs).toBeGreaterThan(55 * 0.9);
  expect(estimatedMs).toBeLessThan(55 * 1.1);
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

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
    readonly tributaryPlan?: { readonly fetches: readonly { readonly operation: string }[] };
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

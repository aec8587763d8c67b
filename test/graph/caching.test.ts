import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import type { StubSubgraph } from '../support/subgraphs/stub-subgraph.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

const SDL = `
  type Query {
    pub: String
    secret: String @federation__authenticated
    scoped: String @federation__requiresScopes(scopes: [["orders:read"]])
    staff: String @federation__policy(policies: [["staff"]])
    hidden: Hidden
  }
  type Hidden @federation__authenticated { name: String }
`;
const DATA = { pub: 'p', secret: 's', scoped: 'c', staff: 'f', hidden: { name: 'n' } };
const PUBLIC = {
  'cache-control': 'public, max-age=60, s-maxage=90',
  'cdn-cache-control': 'max-age=300',
  vary: 'X-User-Id, Accept',
};

let stub: StubSubgraph;
let issuer: Issuer;
let graph: SmallGraph;

const configOf = (more = '') => `
  traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }
  authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
  authorization: { policies: { staff: { roles: [customer] } } }
  cors: { origins: [https://ok.example] }
  headers: { response: [{ propagate: { named: cache-control } }, { propagate: { named: cdn-cache-control } }] }
  ${more}`;

beforeAll(async () => {
  stub = await startStubSubgraph(() => json({ data: DATA }, PUBLIC));
  issuer = await startIssuer();
  graph = await startSmallGraph({ services: { books: { sdl: SDL, resolvers: {} } }, config: configOf() });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
  await stub[Symbol.asyncDispose]();
});

type Asked = { readonly headers?: Record<string, string>; readonly from?: SmallGraph };

async function ask(query: string, { headers = {}, from = graph }: Asked = {}) {
  const response = await fetch(`${from.router.url}?query=${encodeURIComponent(query)}`, {
    headers: { 'apollo-require-preflight': '1', ...headers },
  });
  return {
    caching: response.headers.get('cache-control'),
    cdn: response.headers.get('cdn-cache-control'),
    vary: response.headers.get('vary'),
    body: await response.json(),
  };
}

const withToken = async () => ({ authorization: `Bearer ${await issuer.mint()}` });
const PRIVATE = { caching: 'private, max-age=60', cdn: 'private, max-age=300' };

// The first request prepares the operation, the second finds it in the cache.
const WAYS = ['first request', 'cached operation'] as const;

test.for(['secret', 'scoped', 'staff', 'hidden { name }'])(
  'a response with the protected field %s is private at most',
  async (field) => {
    for (const _ of WAYS)
      expect(await ask(`{ pub ${field} }`, { headers: await withToken() })).toMatchObject({
        ...PRIVATE,
        body: { data: { pub: 'p' } },
      });
    const anonymous = await ask(`{ pub ${field} }`);
    expect(anonymous).toMatchObject({ caching: expect.stringMatching(/^(?:private|no-store)/) });
  },
);

test('a response to a request with a token is private at most, whatever it contains', async () => {
  for (const _ of WAYS)
    expect(await ask('{ pub }', { headers: await withToken() })).toMatchObject({
      ...PRIVATE,
      body: { data: { pub: 'p' } },
    });
});

test('a response without protected fields to an anonymous caller stays public', async () => {
  for (const _ of WAYS)
    expect(await ask('{ pub }')).toMatchObject({
      caching: 'public, max-age=60, s-maxage=90',
      cdn: 'max-age=300',
    });
});

test('a response that reports its cost, which depends on the caller, is not stored', async () => {
  const config = configOf('rateLimit: { enabled: true }');
  await using from = await startSmallGraph({ services: { books: { sdl: SDL, resolvers: {} } }, config });
  for (const _ of WAYS)
    expect(await ask('{ pub }', { from, headers: { 'x-cost': 'report' } })).toMatchObject({
      caching: 'no-store',
      cdn: 'no-store',
      body: { data: { pub: 'p' }, extensions: { cost: { remaining: expect.any(Number) } } },
    });
  expect(await ask('{ pub }', { from })).toMatchObject({ caching: 'public, max-age=60, s-maxage=90' });
});

test('vary lists the headers that the router and the subgraph depend on, with and without these headers', async () => {
  const vary = 'x-user-id, accept, authorization, origin';
  for (const headers of [
    {},
    { origin: 'https://ok.example' },
    { origin: 'https://other.example' },
    { accept: 'application/graphql-response+json' },
    await withToken(),
  ])
    expect((await ask('{ pub }', { headers })).vary).toBe(vary);
  expect((await ask('{ nothing }')).vary).toBe('accept, authorization, origin');
});

test('an operator may leave the decision to the subgraphs', async () => {
  await using open = await startSmallGraph({
    services: { books: { sdl: SDL, resolvers: {} } },
    config: configOf('response: { sharedCaching: all }'),
  });
  for (const _ of WAYS)
    expect(await ask('{ secret }', { headers: await withToken(), from: open })).toMatchObject({
      caching: 'public, max-age=60, s-maxage=90',
      cdn: 'max-age=300',
      body: { data: { secret: 's' } },
    });
});

test('a response that sets a cookie is private at most, and rules add to vary', async () => {
  await using cookies = await startSmallGraph({
    services: { books: { sdl: SDL, resolvers: {} } },
    config: configOf().replace(
      'headers: { response: [',
      `headers: { response: [
        { insert: { name: set-cookie, value: a=b } }, { insert: { name: Vary, value: Accept-Language } }, `,
    ),
  });
  for (const _ of WAYS)
    expect(await ask('{ pub }', { from: cookies })).toMatchObject({
      ...PRIVATE,
      vary: 'accept-language, x-user-id, accept, authorization, origin',
    });
});

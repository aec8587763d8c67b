import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { getIntrospectionQuery } from 'graphql';
import { expect, test } from 'vitest';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { startService } from '../support/subgraphs/service.ts';
import type { Service } from '../support/subgraphs/service.ts';
import { startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

/** Every response of a router with two workers is searched for names that a contract hides. */

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@tag", "@external", "@requires", "@listSize", "@inaccessible"])\n';
const HIDE = '@tag(name: "internal")';

const PRODUCTS = {
  sdl: `${LINK}
    type Query {
      products: [Product]
      product(id: ID!, asOf_h: Int ${HIDE}): Product
      nodes: [Node]
      audits_h: [Audit_h] ${HIDE}
      pages(first: Int, window_h: Int ${HIDE}): [Int] @listSize(slicingArguments: ["first", "window_h"])
      find(filter: Filter): Int
    }
    type Mutation { rename(id: ID!): Product reset_h: Int ${HIDE} }
    input Filter { name: String owner_h: String ${HIDE} }
    interface Node { id: ID! }
    enum Level { LOW SECRET_H ${HIDE} }
    type Product implements Node @key(fields: "id") {
      id: ID!
      level: Level
      weight_h: Int! ${HIDE}
      size_h: Int ${HIDE}
    }
    type Audit_h implements Node ${HIDE} { id: ID! note_h: String }`,
  resolvers: {
    Query: {
      products: () => [
        { id: '1', level: 'SECRET_H', weight_h: 1, size_h: 2 },
        { id: '2', weight_h: 3, size_h: 4 },
      ],
      product: () => ({ id: '1', weight_h: null, size_h: 1 }),
      nodes: () => [{ __typename: 'Audit_h', id: '1' }],
      pages: () => [1],
      find: () => {
        throw new Error('owner_h is missing');
      },
    },
    Mutation: { reset_h: () => 1, rename: () => ({ id: '1', weight_h: null }) },
  },
};

const STOCK = {
  sdl: `${LINK}
    type Product @key(fields: "id") {
      id: ID!
      weight_h: Int! @external
      size_h: Int @external
      shipping: Int @requires(fields: "weight_h size_h")
      packing: Int! @requires(fields: "size_h")
      supplier_h: String ${HIDE}
    }`,
  resolvers: {
    Product: { shipping: () => 1, packing: () => null, supplier_h: () => 'ACME' },
  },
};

const CONFIG = `
workers: 2
supergraph: { watch: false }
listen: { path: /whole_h }
response: { subgraphErrorMessages: mask }
overload: { enabled: false }
rateLimit: { enabled: true, anonymous: { points: 1000000, windowS: 60 }, perAddress: { points: 1000000, windowS: 60 }, fields: { Audit_h.note_h: { calls: 1, windowS: 60 } } }
graphs:
  public: { path: /public, exclude: [internal] }
  chosen: { exclude: [internal], when: { header: x-graph, value: chosen } }
`;

const queries = [
  getIntrospectionQuery(),
  '{ __schema { types { name fields { name args { name } } enumValues { name } inputFields { name } } } }',
  '{ products { id level shipping packing } }',
  '{ products { shipping } }',
  '{ product(id: 1) { shipping packing } }',
  'mutation { rename(id: 1) { shipping packing } }',
  '{ nodes { __typename id } }',
  '{ nodes { id ... on Audit { id } } }',
  '{ audits { id } }',
  '{ products { weight supplier size } }',
  '{ product(id: 1, asOf: 1) { id } }',
  '{ find(filter: { owner: "x" }) }',
  '{ find }',
  '{ pages }',
  '{ pages(windo: 1) }',
  '{ products { level(of: SECRET) } }',
  'mutation { reset }',
  'subscription { products { id } }',
  '{ products { id } ',
  '{ a: products { id } a: nodes { id } }',
];

/** Starts a subgraph whose responses have values of a wrong type, which `@requires` needs. */
async function startFaulty({ url, sdl }: Service) {
  const stub = await startStubSubgraph(({ body }) => async (response) => {
    const headers = { 'content-type': 'application/json' };
    const received = await (await fetch(url, { method: 'POST', headers, body })).text();
    response.writeHead(200, headers).end(received.replace('"weight_h":3', '"weight_h":"heavy"'));
  });
  return { url: stub.url, sdl, [Symbol.asyncDispose]: () => stub[Symbol.asyncDispose]() };
}

/** Sends requests to the path, each over a connection of its own, and returns all bytes of the responses. */
async function responsesOf(origin: string, path: string, headers: Readonly<Record<string, string>>) {
  const send = async (suffix: string, method: string, body: string) => {
    const type = { 'content-type': 'application/json', 'x-cost': 'report', ...headers };
    const sent = request(`${origin}${suffix}`, { method, agent: new Agent(), headers: type });
    const responded = new Promise<string>((resolve, reject) => {
      sent.on('error', reject).on('response', (response) => {
        void text(response).then(
          (content) => resolve(`${response.rawHeaders.join('\n')}\n${content}`),
          reject,
        );
      });
    });
    sent.end(method === 'POST' ? body : undefined);
    return responded;
  };
  const persisted = { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } };
  const bodies = [
    ...queries.map((query) => ({ query })),
    { query: 'query ($f: Filter) { find(filter: $f) }', variables: { f: { owner: 1 } } },
    { query: 'query ($f: Filter) { find(filter: $f) }', variables: { f: { name: 'x' } } },
    { query: '{ products { id } }', operationName: 'Unknown' },
    { extensions: persisted },
    { query: 1 },
  ].map((body) => JSON.stringify(body));
  const twice = [...bodies, '[', ...bodies];
  const texts = await Promise.all(twice.map((body) => send(path, 'POST', body)));
  for (const suffix of [`${path}/x`, path.slice(0, -1), `${path}?query={audits{id}}`, '/health', '/ready'])
    texts.push(
      await send(suffix, 'GET', ''),
      await send(suffix, 'OPTIONS', ''),
      await send(suffix, 'PUT', ''),
    );
  return texts;
}

test('a contract of a router with several workers names nothing that it hides', async () => {
  await using products = await startService(PRODUCTS);
  await using faulty = await startFaulty(products);
  await using stock = await startService(STOCK);
  await using router = await startRouterProcess({ products: faulty, stock }, CONFIG);
  const { origin } = new URL(router.url);
  const leaks = async (path: string, headers: Readonly<Record<string, string>> = {}) => {
    const responses = await responsesOf(origin, path, headers);
    return responses.filter((response) => /_h\b/i.test(response));
  };
  const atWhole = await leaks('/whole_h');
  expect(atWhole.length).toBeGreaterThan(10);
  expect(atWhole.join('\n')).toContain('Product.weight_h, which this field requires');
  expect(await leaks('/public')).toEqual([]);
  // The path of the whole graph is known to a client that sends its requests there.
  const chosen = await leaks('/whole_h', { 'x-graph': 'chosen' });
  expect(chosen.filter((response) => /_h\b/i.test(response.replaceAll('/whole_h', '')))).toEqual([]);
});

import { createHash } from 'node:crypto';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/callers/tokens.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';

/** Several graphs in one router: contracts by tag beside the whole supergraph. */

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@tag", "@shareable"])\n';

const SERVICES: SmallGraphOptions['services'] = {
  products: {
    sdl: `${LINK}
      type Query { products: [Product] nodes: [Node] audits: [Audit] @tag(name: "internal") }
      interface Node { id: ID! }
      enum Level { LOW SECRET @tag(name: "internal") }
      type Product implements Node @key(fields: "id") {
        id: ID!
        level: Level
        discount: Int @tag(name: "partner")
        margin: Int @tag(name: "internal")
      }
      type Audit implements Node @tag(name: "internal") { id: ID! entry: String }
    `,
    resolvers: {
      Query: {
        products: () => [{ id: '1', level: 'SECRET', discount: 5, margin: 50 }],
        nodes: () => [
          { __typename: 'Product', id: '1' },
          { __typename: 'Audit', id: '2' },
        ],
        audits: () => [{ id: '2', entry: 'x' }],
      },
      Product: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
    },
  },
  stock: {
    sdl: `${LINK} type Product @key(fields: "id") { id: ID! inStock: Boolean supplier: String @tag(name: "internal") }`,
    resolvers: { Product: { inStock: () => true, supplier: () => 'ACME' } },
  },
};

const HIDDEN = ['audits', 'Audit', 'margin', 'SECRET', 'supplier'];
const HIDDEN_FROM_PUBLIC = [...HIDDEN, 'discount'];

const issuing = startIssuer();

async function start(): Promise<SmallGraph> {
  const { issuer, jwksUrl, audience } = await issuing;
  return startSmallGraph({
    services: SERVICES,
    config: `
supergraph: { watch: false }
authentication: { issuers: [{ issuer: "${issuer}", jwksUrl: "${jwksUrl}", audience: ${audience} }] }
graphs:
  public: { path: /public, exclude: [internal, partner], when: { header: x-graph, value: public } }
  partner: { path: /partner, exclude: [internal], when: { claim: plans, value: partner } }
`,
  });
}

describe('graphs', () => {
  const started = start();
  afterAll(async () => {
    await (await started)[Symbol.asyncDispose]();
    await (await issuing)[Symbol.asyncDispose]();
  });

  async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(new URL(path, (await started).router.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    return { response, text, json: JSON.parse(text) as GraphQLResponse };
  }

  const hidden = (text: string, names: readonly string[]) =>
    names.filter((name) => new RegExp(`\\b${name}\\b`).test(text));

  test('serve their parts at their paths, over the same subgraphs, and the whole graph at its path', async () => {
    const all = '{ products { id margin discount inStock supplier } }';
    expect((await post('/graphql', { query: all })).json).toEqual({
      data: { products: [{ id: '1', margin: 50, discount: 5, inStock: true, supplier: 'ACME' }] },
    });
    expect((await post('/partner', { query: '{ products { id discount inStock } }' })).json).toEqual({
      data: { products: [{ id: '1', discount: 5, inStock: true }] },
    });
    expect((await post('/public', { query: '{ products { inStock } }' })).json).toEqual({
      data: { products: [{ inStock: true }] },
    });
    const { response, json } = await post('/public', { query: '{ products { discount } }' });
    expect([response.status, json.errors?.[0]?.extensions['code']]).toEqual([
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ]);
  });

  test('name nothing that they hide in introspection, suggestions and values of subgraphs', async () => {
    const queries = [
      getIntrospectionQuery(),
      '{ products { margn } }',
      '{ products { supplie discoun } }',
      '{ audit { id } }',
      '{ __type(name: "Audit") { name } }',
      '{ nodes { id __typename } }',
      '{ nodes { __typename ... on Product { id } } }',
      '{ products { level } }',
    ];
    const leaks: string[] = [];
    for (const query of queries) {
      const { text } = await post('/public', { query });
      const echoed = query.includes('"Audit"')
        ? HIDDEN_FROM_PUBLIC.filter((name) => name !== 'Audit')
        : HIDDEN_FROM_PUBLIC;
      const partner = (await post('/partner', { query })).text;
      leaks.push(...hidden(text, echoed), ...(query.includes('"Audit"') ? [] : hidden(partner, HIDDEN)));
    }
    expect(leaks).toEqual([]);
    expect((await post('/graphql', { query: getIntrospectionQuery() })).text).toContain('"margin"');
    expect((await post('/public', { query: '{ nodes { __typename } }' })).json.data).toEqual({
      nodes: [{ __typename: 'Product' }, null],
    });
  });

  test('are chosen by a header or a claim at the path of the whole graph', async () => {
    const query = '{ __type(name: "Product") { fields { name } } }';
    const fields = async (headers: Readonly<Record<string, string>>) =>
      JSON.stringify((await post('/graphql', { query }, headers)).json.data);
    expect(await fields({})).toContain('margin');
    expect(hidden(await fields({ 'x-graph': 'public' }), HIDDEN_FROM_PUBLIC)).toEqual([]);
    expect(await fields({ 'x-graph': 'other' })).toContain('margin');
    const bearer = async (plans: unknown) => ({
      authorization: `Bearer ${await (await issuing).mint({ claims: { plans } })}`,
    });
    const partner = await fields(await bearer(['other', 'partner']));
    expect(partner).toContain('discount');
    expect(hidden(partner, HIDDEN)).toEqual([]);
    expect(await fields(await bearer('other'))).toContain('margin');
    const { response } = await post('/graphql', { query });
    expect(response.headers.get('vary')).toContain('x-graph');
  });

  test('have persisted operations of their own', async () => {
    const query = '{ products { id } }';
    const sha256Hash = createHash('sha256').update(query).digest('hex');
    const extensions = { persistedQuery: { version: 1, sha256Hash } };
    expect((await post('/partner', { query, extensions })).json.errors).toBeUndefined();
    expect((await post('/partner', { extensions })).json.data).toEqual({ products: [{ id: '1' }] });
    for (const path of ['/public', '/graphql'])
      expect((await post(path, { extensions })).json.errors?.[0]?.extensions['code']).toBe(
        'PERSISTED_QUERY_NOT_FOUND',
      );
  });

  test('are named in the log line and in metrics', async () => {
    const graph = await started;
    const before = graph.log.length;
    await post('/public', { query: '{ products { id } }' });
    await post('/graphql', { query: '{ products { id } }' }, { 'x-graph': 'public' });
    await post('/public', { query: '{ nothing }' });
    await post('/graphql', { query: '{ products { id } }' });
    const lines = graph.log.slice(before).filter(({ msg }) => msg === 'request');
    expect(lines.map((line) => line['graph'])).toEqual(['public', 'public', 'public', undefined]);
    const metrics = await (await fetch(new URL('/metrics', graph.router.adminUrl))).text();
    for (const name of ['all', 'public', 'partner'])
      expect(metrics).toMatch(new RegExp(`tributary_graph_requests_total\\{graph="${name}"\\} [1-9]`));
  });
});

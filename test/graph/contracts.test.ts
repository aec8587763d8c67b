import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getIntrospectionQuery } from 'graphql';
import { afterAll, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/callers/tokens.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';

/** Several graphs in one router: contracts by tag beside the whole supergraph. */

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@tag", "@shareable", "@listSize"])\n';

const SERVICES: SmallGraphOptions['services'] = {
  products: {
    sdl: `${LINK}
      type Query {
        products: [Product] nodes: [Node] audits: [Audit] @tag(name: "internal") entries: [Entry] mood: Level
        pages(first: Int, window: Int @tag(name: "internal")): [Int] @listSize(slicingArguments: ["first", "window"])
      }
      type Mutation { reset: Int @tag(name: "internal") }
      interface Node { id: ID! }
      interface Entry { entry: String }
      type Note implements Entry { entry: String }
      enum Level { LOW SECRET @tag(name: "internal") }
      type Product implements Node @key(fields: "id") {
        id: ID!
        level: Level
        discount: Int @tag(name: "partner")
        margin: Int @tag(name: "internal")
      }
      type Audit implements Node & Entry @tag(name: "internal") { id: ID! entry: String }
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
      Mutation: { reset: () => 1 },
      Product: { __resolveReference: ({ id }: { id: string }) => ({ id }) },
    },
  },
  stock: {
    sdl: `${LINK} type Product @key(fields: "id") { id: ID! inStock: Boolean supplier: String @tag(name: "internal") }`,
    resolvers: { Product: { inStock: () => true, supplier: () => 'ACME' } },
  },
};

const HIDDEN = ['audits', 'Audit', 'margin', 'SECRET', 'supplier', 'window', 'reset'];
const HIDDEN_FROM_PUBLIC = [...HIDDEN, 'discount'];

const directory = mkdtempSync(join(tmpdir(), 'tributary-contracts-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const manifest = join(directory, 'manifest.json');
const listed = (id: string, body: string) => ({ id, name: id, type: 'query', body });
const operations = [
  listed('audits', 'query audits { audits { id } }'),
  listed('ids', 'query ids { products { id } }'),
];
writeFileSync(
  manifest,
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations }),
);

const issuing = startIssuer();

async function start(): Promise<SmallGraph> {
  const { issuer, jwksUrl, audience } = await issuing;
  return startSmallGraph({
    services: SERVICES,
    config: `
supergraph: { watch: false }
authentication: { issuers: [{ issuer: "${issuer}", jwksUrl: "${jwksUrl}", audience: ${audience} }] }
persistedOperations: { manifest: "${manifest}" }
rateLimit: { enabled: true, fields: { Audit.entry: { calls: 15, windowS: 86400 } } }
degradation: { fallbacks: { Query.mood: SECRET } }
graphs:
  public: { path: /public, exclude: [internal, partner] }
  partner: { path: /partner, exclude: [internal], when: { claim: plans, value: partner } }
  chosen-public: { exclude: [internal, partner], when: { header: x-graph, value: public } }
  chosen-partner: { exclude: [internal], when: { claim: plans, value: partner } }
`,
  });
}

describe('graphs', () => {
  const started = start();
  afterAll(async () => {
    await (await started)[Symbol.asyncDispose]();
    await (await issuing)[Symbol.asyncDispose]();
  });

  const bearer = async (plans: unknown) => ({
    authorization: `Bearer ${await (await issuing).mint({ claims: { plans } })}`,
  });

  async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(new URL(path, (await started).router.url), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(path === '/partner' && (await bearer('partner'))),
        ...headers,
      },
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
    const partner = await fields(await bearer(['other', 'partner']));
    expect(partner).toContain('discount');
    expect(hidden(partner, HIDDEN)).toEqual([]);
    expect(await fields(await bearer('other'))).toContain('margin');
    const { response } = await post('/graphql', { query });
    expect(response.headers.get('vary')).toContain('x-graph');
  });

  test('with a path and a condition serve only requests that meet it', async () => {
    const query = '{ __typename }';
    const { response, json } = await post('/partner', { query }, await bearer('other'));
    expect([response.status, json.errors?.[0]?.message]).toEqual([
      404,
      'the graph at this path is not served to this request',
    ]);
    expect((await post('/partner', { query })).response.status).toBe(200);
  });

  test('reject mutations alike, whether or not they are hidden', async () => {
    expect((await post('/graphql', { query: 'mutation { reset }' })).json.data).toEqual({ reset: 1 });
    for (const query of ['mutation { reset }', 'mutation { unknown }']) {
      const { response, json } = await post('/public', { query });
      expect([response.status, json.errors?.map(({ message }) => message)]).toEqual([
        400,
        ['The schema has no mutation type.'],
      ]);
    }
  });

  test('name no hidden argument in an error about the size of a list', async () => {
    const message = async (path: string) =>
      (await post(path, { query: '{ pages }' })).json.errors?.[0]?.message;
    expect(await message('/graphql')).toBe(
      'Query.pages requires exactly one of these arguments: first, window',
    );
    expect(await message('/public')).toBe('Query.pages requires exactly one of these arguments: first');
  });

  test('name no hidden field in an error of its rate limit, which their clients reach by an interface', async () => {
    const rejection = async (path: string, query: string) => {
      const { response, text, json } = await post(path, { query });
      const values = [...response.headers.values()].join('\n');
      return { code: json.errors?.[0]?.extensions['code'], all: `${text}\n${values}` };
    };
    const tooMany = '{ a: entries { entry } b: entries { entry } }';
    expect((await rejection('/graphql', tooMany)).all).toContain('Audit.entry');
    const tooManyInPart = await rejection('/public', tooMany);
    expect(tooManyInPart.code).toBe('COST_ESTIMATED_TOO_EXPENSIVE');
    expect(hidden(tooManyInPart.all, HIDDEN_FROM_PUBLIC)).toEqual([]);

    await post('/public', { query: '{ entries { entry } }' });
    expect((await rejection('/graphql', '{ entries { entry } }')).all).toContain('Audit.entry');
    const tooOften = await rejection('/public', '{ entries { entry } }');
    expect(tooOften.code).toBe('RATE_LIMITED');
    expect(hidden(tooOften.all, HIDDEN_FROM_PUBLIC)).toEqual([]);
  });

  test('use no fallback that is a hidden value of an enum', async () => {
    const query = '{ mood }';
    (await started).router.applyBreakerCommand({ subgraph: 'products', state: 'open' });
    const whole = (await post('/graphql', { query })).json;
    const part = (await post('/public', { query })).json;
    (await started).router.applyBreakerCommand({ subgraph: 'products', state: 'closed' });
    expect([whole.data, part.data]).toEqual([{ mood: 'SECRET' }, { mood: null }]);
  });

  test('do not find an operation of a manifest that uses what they hide', async () => {
    const byId = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });
    expect((await post('/graphql', byId('audits'))).json.data).toEqual({ audits: [{ id: '2' }] });
    const answers = await Promise.all(['audits', 'unknown'].map((id) => post('/public', byId(id))));
    const [known, unknown] = answers.map(({ response, json: { errors } }) => ({
      status: response.status,
      messages: errors?.map(({ message }) => message),
    }));
    expect(known).toEqual(unknown);
    expect((await post('/public', byId('ids'))).json.data).toEqual({ products: [{ id: '1' }] });
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
    await post('/graphql', { query: '{ nothing }' }, { 'x-graph': 'public' });
    await post('/graphql', { query: '{ products { id } }' });
    const lines = graph.log.slice(before).filter(({ msg }) => msg === 'request');
    expect(lines.map((line) => line['graph'])).toEqual([
      'public',
      'chosen-public',
      'public',
      'chosen-public',
      undefined,
    ]);
    const metrics = await (await fetch(new URL('/metrics', graph.router.adminUrl))).text();
    for (const name of ['all', 'public', 'partner'])
      expect(metrics).toMatch(new RegExp(`tributary_graph_requests_total\\{graph="${name}"\\} [1-9]`));
    await using alone = await startSmallGraph({ services: LIBRARY });
    await alone.query('{ books { id } }');
    const counted = await (await fetch(new URL('/metrics', alone.router.adminUrl))).text();
    expect(counted).not.toContain('tributary_graph_requests_total{');
  });

  test('are built again for a changed supergraph, and kept if it exposes something hidden', async () => {
    const { publish, supergraphYaml, router, log } = await started;
    const { sdl = '' } = SERVICES['products'] ?? {};
    const exposing = sdl.replace('audits: [Audit] @tag(name: "internal")', 'audits: [Audit]');
    await publish(supergraphYaml({ products: exposing }));
    await router.reload();
    const place = (name: string) =>
      new RegExp(
        `^router\\.yaml:\\d+: graphs\\.${name}: Query\\.audits is exposed, but its type Audit is hidden;`,
      );
    expect(log.findLast(({ msg }) => msg === 'supergraph rejected')).toMatchObject({
      reasons: ['public', 'partner', 'chosen-public', 'chosen-partner'].map((name) =>
        expect.stringMatching(place(name)),
      ),
    });
    expect((await post('/public', { query: '{ products { id } }' })).json.data).toEqual({
      products: [{ id: '1' }],
    });

    await publish(
      supergraphYaml({ products: sdl.replace('level: Level', 'level: Level @tag(name: "partner")') }),
    );
    await router.reload();
    const query = '{ products { level } }';
    expect((await post('/public', { query })).json.errors?.[0]?.extensions['code']).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
    expect((await post('/graphql', { query })).json.data).toEqual({ products: [{ level: 'SECRET' }] });
  });
});

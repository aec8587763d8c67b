import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloServer } from '@apollo/server';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256Of } from '../../router/persisted-operations/registry.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph } from '../support/graphs/small-graph.ts';

const QUERY = '{ books { id } }';
const BOOKS = { data: { books: [{ id: '1' }, { id: '2' }] } };

const url = process.env['REDIS_URL'] ?? '';
let prefix = '';

beforeEach(() => {
  prefix = `test-${randomUUID()}:`;
});

const start = (config = ''): Promise<SmallGraph> =>
  startSmallGraph({ services: LIBRARY, parts: { env: {} }, config });

const startShared = (config = ''): Promise<SmallGraph> =>
  start(`redis: { url: "${url}", commandTimeoutMs: 5000, keyPrefix: "${prefix}" }\n${config}`);

const hashed = (source: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256Of(source) } });

async function ask(graph: SmallGraph, body: object, headers: Record<string, string> = {}) {
  const response = await graph.post(body, headers);
  const result = (await response.json()) as GraphQLResponse;
  return { status: response.status, code: result.errors?.[0]?.extensions['code'], response: result };
}

function get(graph: SmallGraph, parameters: Record<string, string>): Promise<Response> {
  const search = new URLSearchParams(parameters).toString();
  return fetch(`${graph.router.url}?${search}`, { headers: { 'apollo-require-preflight': '1' } });
}

describe('an automatic persisted query', () => {
  test('is requested, sent, and then found by its hash, by POST and by GET', async () => {
    await using graph = await start();
    const extensions = hashed(QUERY);
    const missed = await ask(graph, { extensions });
    expect([missed.status, missed.code]).toEqual([200, 'PERSISTED_QUERY_NOT_FOUND']);
    expect(missed.response.errors?.[0]?.message).toBe('PersistedQueryNotFound');
    expect((await ask(graph, { query: QUERY, extensions })).response).toEqual(BOOKS);
    expect((await ask(graph, { extensions })).response).toEqual(BOOKS);
    expect(await (await get(graph, { extensions: JSON.stringify(extensions) })).json()).toEqual(BOOKS);
  });

  test('that is known is executed without Apollo Server', async () => {
    await using graph = await start();
    const extensions = hashed(QUERY);
    await ask(graph, { query: QUERY, extensions });
    const apollo = vi.spyOn(ApolloServer.prototype, 'executeHTTPGraphQLRequest');
    expect((await ask(graph, { extensions })).response).toEqual(BOOKS);
    expect(await (await get(graph, { extensions: JSON.stringify(extensions) })).json()).toEqual(BOOKS);
    expect(apollo).not.toHaveBeenCalled();
  });

  test('that was rejected is never registered', async () => {
    await using graph = await start('limits: { aliases: 2 }\nrateLimit: { enabled: true, maxCost: 5 }');
    for (const [query, code] of [
      ['{ a: newest { text } b: newest { text } c: newest { text } }', 'MAX_ALIASES_LIMIT'],
      ['{ books { reviews { text } } }', 'COST_ESTIMATED_TOO_EXPENSIVE'],
      ['{ nothing }', 'GRAPHQL_VALIDATION_FAILED'],
      ['{ books {', 'GRAPHQL_PARSE_FAILED'],
    ] as const) {
      const extensions = hashed(query);
      expect((await ask(graph, { query, extensions })).code).toBe(code);
      expect((await ask(graph, { extensions })).code).toBe('PERSISTED_QUERY_NOT_FOUND');
    }
  });

  test('is no mutation by GET', async () => {
    await using graph = await start();
    const query = 'mutation { rename(id: 1, title: "x") { id } }';
    const extensions = hashed(query);
    expect((await ask(graph, { query, extensions })).status).toBe(200);
    expect((await get(graph, { extensions: JSON.stringify(extensions) })).status).toBe(405);
  });

  test('is shared by all routers on one Redis, and expires', async () => {
    await using first = await startShared();
    await using second = await startShared();
    const extensions = hashed(QUERY);
    await ask(first, { query: QUERY, extensions });
    expect((await ask(second, { extensions })).response).toEqual(BOOKS);
    using redis = connect();
    expect(await redis.client.ttl(keyOf(QUERY))).toBeGreaterThan(86_000);
  });

  test('that was changed in Redis is not used', async () => {
    await using graph = await startShared();
    using redis = connect();
    await redis.client.set(keyOf(QUERY), 'mutation { rename(id: 1, title: "x") { id } }');
    expect((await ask(graph, { extensions: hashed(QUERY) })).code).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(graph.services.get('books')?.calls).toHaveLength(0);
  });

  test('costs the same as its text', async () => {
    await using graph = await start('rateLimit: { enabled: true, anonymous: { points: 6, windowS: 86400 } }');
    const extensions = hashed('{ newest { text } }');
    await ask(graph, { query: '{ newest { text } }', extensions });
    const statuses = [];
    for (let round = 0; round < 7; round++) statuses.push((await ask(graph, { extensions })).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
  });

  test('can be disabled', async () => {
    await using graph = await start('persistedOperations: { automatic: { enabled: false } }');
    expect((await ask(graph, { query: QUERY, extensions: hashed(QUERY) })).code).toBe(
      'PERSISTED_QUERY_NOT_SUPPORTED',
    );
  });
});

describe('a safelist', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tributary-manifest-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Replaces a manifest, as a deployment would. */
  async function publish(name: string, operations: Readonly<Record<string, string>>): Promise<string> {
    const path = join(folder, name);
    const listed = Object.entries(operations).map(([id, body]) => ({ id, name: id, type: 'query', body }));
    const text = JSON.stringify({
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: listed,
    });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    return path;
  }

  const byId = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

  test('that is enforced allows only the operations in it, by id or in full', async () => {
    const manifest = await publish('all.json', { books: QUERY });
    await using graph = await start(`persistedOperations: { safelist: enforce, manifest: "${manifest}" }`);
    for (const body of [byId('books'), byId(sha256Of(QUERY)), { query: QUERY }, { query: '{books{id}}' }])
      expect((await ask(graph, body)).response).toEqual(BOOKS);
    const rejected: readonly [object, number, string][] = [
      [{ query: '{ books { title } }' }, 403, 'QUERY_NOT_IN_SAFELIST'],
      [{ query: '{ __typename }' }, 403, 'QUERY_NOT_IN_SAFELIST'],
      [
        { query: '{ newest { text } }', extensions: hashed('{ newest { text } }') },
        403,
        'QUERY_NOT_IN_SAFELIST',
      ],
      [byId(sha256Of('{ newest { text } }')), 404, 'PERSISTED_QUERY_NOT_IN_LIST'],
      [byId('__proto__'), 404, 'PERSISTED_QUERY_NOT_IN_LIST'],
      [{ query: '{ newest { text } }', ...byId('books') }, 400, 'BAD_REQUEST'],
      [[{ query: '{ newest { text } }' }], 400, 'BAD_REQUEST'],
      [{ query: 7 }, 400, 'BAD_REQUEST'],
      [{}, 400, 'BAD_REQUEST'],
    ];
    for (const [body, status, code] of rejected) {
      const { status: got, code: gotCode } = await ask(graph, body);
      expect([body, got, gotCode]).toEqual([body, status, code]);
    }
    expect((await get(graph, { query: '{ newest { text } }' })).status).toBe(403);
    expect((await get(graph, { query: QUERY, extensions: '7' })).status).toBe(400);
    expect(graph.services.get('reviews')?.calls).toHaveLength(0);
  });

  test('that is audited logs each unknown operation once, and serves it', async () => {
    const manifest = await publish('all.json', { books: QUERY });
    await using graph = await start(`persistedOperations: { safelist: audit, manifest: "${manifest}" }`);
    const query = '{ newest { text } }';
    for (let round = 0; round < 3; round++) expect((await ask(graph, { query })).status).toBe(200);
    expect((await ask(graph, { query: QUERY })).status).toBe(200);
    const logged = graph.log.filter(({ msg }) => msg === 'operation is not in a manifest');
    expect(logged).toMatchObject([{ sha256: sha256Of(query) }]);
  });

  test('of a client applies to that client, in addition to the common one', async () => {
    const all = await publish('all.json', { books: QUERY });
    const web = await publish('web.json', { newest: '{ newest { text } }' });
    await using graph = await start(
      `persistedOperations: { safelist: enforce, manifest: "${all}", clients: { web: "${web}" } }`,
    );
    const statusOf = async (id: string, client: string) =>
      (await ask(graph, byId(id), { 'apollographql-client-name': client })).status;
    expect(await statusOf('newest', 'web')).toBe(200);
    expect(await statusOf('books', 'web')).toBe(200);
    expect(await statusOf('newest', 'ios')).toBe(404);
    expect(await statusOf('newest', '__proto__')).toBe(404);
  });

  test('is read again when its file changes, unless the file is invalid', async () => {
    const manifest = await publish('all.json', { books: QUERY });
    await using graph = await start(`persistedOperations: { safelist: enforce, manifest: "${manifest}" }`);
    await publish('all.json', { newest: '{ newest { text } }' });
    await expect.poll(async () => (await ask(graph, byId('newest'))).status).toBe(200);
    expect((await ask(graph, byId('books'))).status).toBe(404);
    await writeFile(manifest, '{');
    const rejections = () => graph.log.filter(({ msg }) => String(msg).startsWith('manifest rejected'));
    await expect.poll(() => rejections().length).toBeGreaterThan(0);
    expect((await ask(graph, byId('newest'))).status).toBe(200);
  });

  test('that cannot be read prevents the start and is reported with its line', async () => {
    const missing = join(folder, 'none.json');
    const broken = join(folder, 'broken.json');
    await writeFile(broken, '{');
    const config = `persistedOperations:\n  manifest: "${missing}"\n  clients:\n    web: "${broken}"`;
    await expect(start(config)).rejects.toMatchObject({
      name: 'ConfigError',
      problems: [
        expect.stringMatching(/:2: persistedOperations\.manifest: cannot read .*none\.json \(ENOENT\)$/),
        expect.stringMatching(/:4: persistedOperations\.clients\.web: cannot read .*broken\.json \(.*JSON/),
      ],
    });
  });
});

function keyOf(source: string): string {
  return `${prefix}operation:${sha256Of(source)}`;
}

function connect() {
  const client = new Redis(url);
  return { client, [Symbol.dispose]: () => client.disconnect() };
}

import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph, SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { createClock } from '../support/time/clock.ts';

const SECRET = 'correct-horse-battery-staple';

const SERVICES: SmallGraphOptions['services'] = {
  books: {
    sdl: `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@requiresScopes", "@listSize"])
      type Query {
        books(first: Int, sort: String @deprecated(reason: "unsorted")): [Book!] @listSize(assumedSize: 5)
      }
      type Book @key(fields: "id") {
        id: ID! title: String isbn10: String @deprecated(reason: "use id")
        margin: Int @requiresScopes(scopes: [["finance"]])
      }
    `,
    resolvers: { Query: { books: () => [{ id: '1', title: 'Middlemarch', isbn10: '0', margin: 3 }] } },
  },
  reviews: {
    sdl: 'type Book @key(fields: "id") { id: ID! rating: Int }',
    resolvers: { Book: { rating: () => 5 } },
  },
};

const built = new AsyncDisposableStack();
let issuer: Issuer;
let graph: SmallGraph;
let folder: string;
let auditFile: string;

beforeAll(async () => {
  issuer = built.use(await startIssuer());
  folder = await mkdtemp(join(tmpdir(), 'tributary-logs-'));
  built.defer(() => rm(folder, { recursive: true }));
  auditFile = join(folder, 'audit', 'audit.log');
  const started = await startSmallGraph({
    services: SERVICES,
    // The minute in which lines are counted does not end.
    parts: { schedule: createClock().schedule },
    config: `
listen: { trustedProxies: ["127.0.0.1"] }
authentication:
  issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }]
rateLimit:
  enabled: true
  anonymous: { points: 100000, windowS: 60 }
  tiers: { FREE: { points: 100000, windowS: 60 } }
telemetry: { logs: { sampleHealth: 2, rejectionsPerMinute: 20, audit: { file: "${auditFile}", perAddressPerMinute: 3 } } }
`,
  });
  graph = built.use(started);
});
afterAll(() => built.disposeAsync());

type Line = Readonly<Record<string, unknown>>;

const lineOf = (requestId: string) => graph.log.find((line) => line['requestId'] === requestId);
async function auditLines(): Promise<readonly Line[]> {
  const lines = (await readFile(auditFile, 'utf8')).trim().split('\n');
  return lines.map((line): Line => JSON.parse(line));
}

describe('the line of a request', () => {
  test('has who called, from where, what it cost and which subgraphs it waited for', async () => {
    const token = await issuer.mint();
    const query = 'query Shelf { books(first: 3, sort: "title") { title isbn10 rating } }';
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const response = await graph.post(
      { query },
      {
        authorization: `Bearer ${token}`,
        traceparent,
        'x-request-id': 'full',
        'x-correlation-id': 'checkout-7',
        'x-forwarded-for': '203.0.113.9, 198.51.100.7',
        'user-agent': 'shop-web/3.1',
        'apollographql-client-name': 'web',
        'apollographql-client-version': '3.1',
      },
    );
    const body = await response.text();
    const line = lineOf('full');
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'info',
      msg: 'request',
      service: 'tributary',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      correlationId: 'checkout-7',
      method: 'POST',
      path: '/graphql',
      status: 200,
      ms: expect.any(Number),
      clientIp: '198.51.100.7',
      userAgent: 'shop-web/3.1',
      clientName: 'web',
      clientVersion: '3.1',
      operationName: 'Shelf',
      operationType: 'query',
      operationHash: expect.stringMatching(/^[\da-f]{16}$/),
      userId: 'user-1',
      userIssuer: issuer.issuer,
      tenant: 'shop',
      rateLimitRemaining: Number(response.headers.get('x-ratelimit-remaining')),
      subgraphs: {
        books: { calls: 1, ms: expect.any(Number), slowest: expect.any(Number) },
        reviews: { calls: 1, ms: expect.any(Number), slowest: expect.any(Number) },
      },
      cache: 'miss',
      generation: response.headers.get('x-supergraph-version'),
      bytes: Buffer.byteLength(body),
      deprecated: ['Book.isbn10', 'Query.books(sort:)'],
    });
    // Three books and their ratings are estimated, one of each is delivered.
    const cost = line?.['cost'] as { requested: number; actual: number } | undefined;
    expect(cost?.actual).toBeLessThan(cost?.requested ?? 0);
    expect(JSON.stringify(line)).not.toContain(token);
  });

  test('has the same hash for operations that differ in literals only, and says that it was prepared before', async () => {
    const ask = (first: number, id: string) =>
      graph.post({ query: `{ books(first: ${first}) { title } }` }, { 'x-request-id': id });
    for (const [first, id] of [
      [1, 'hash-1'],
      [2, 'hash-2'],
      [1, 'hash-3'],
    ] as const)
      await ask(first, id);
    const lines = ['hash-1', 'hash-2', 'hash-3'].map(lineOf);
    expect(new Set(lines.map((line) => line?.['operationHash'])).size).toBe(1);
    expect(lines.map((line) => line?.['cache'])).toEqual(['miss', 'miss', 'hit']);
    expect(lines[0]).not.toHaveProperty('deprecated');
    expect(lines[0]).not.toHaveProperty('userId');
  });

  test('names the user of a rejected request', async () => {
    const headers = { authorization: `Bearer ${await issuer.mint()}`, 'x-request-id': 'invalid' };
    await graph.post({ query: '{ nothing }' }, headers);
    expect(lineOf('invalid')).toMatchObject({
      status: 400,
      codes: ['GRAPHQL_VALIDATION_FAILED'],
      userId: 'user-1',
      clientIp: '127.0.0.1',
    });
  });

  test('exists for unknown paths, without the query string, and for health checks by sample', async () => {
    const get = (path: string, id: string) =>
      fetch(new URL(path, graph.router.url), {
        headers: { 'x-request-id': id, cookie: `session=${SECRET}` },
      });
    await get(`/nothing?access_token=${SECRET}`, 'path-1');
    await get(`/nothing%3Faccess_token=${SECRET}`, 'path-2');
    await get(`/graphql?query={books{title}}&access_token=${SECRET}`, 'path-3');
    const notFound = {
      method: 'GET',
      path: '/nothing',
      status: 404,
      codes: ['NOT_FOUND'],
      clientIp: '127.0.0.1',
    };
    expect(lineOf('path-1')).toMatchObject({ msg: 'request', ...notFound });
    expect(lineOf('path-2')).toMatchObject(notFound);
    expect(lineOf('path-3')).toMatchObject({ path: '/graphql' });
    for (const id of ['live-1', 'live-2', 'live-3']) await get('/livez', id);
    expect(['live-1', 'live-2', 'live-3'].map((id) => lineOf(id)?.['status'])).toEqual([200, undefined, 200]);
    expect(JSON.stringify(graph.log)).not.toContain(SECRET);
  });

  test('exists for connections whose request is not valid HTTP', async () => {
    const { hostname, port } = new URL(graph.router.url);
    const socket = connect(Number(port), hostname);
    socket.write(`GET /${SECRET} HTTP/9.9\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect(graph.log.find(({ msg }) => msg === 'connection rejected')).toMatchObject({
      level: 'warn',
      reason: 'malformed request',
      clientIp: '127.0.0.1',
    });
    expect(await graph.router.telemetry.metrics.metrics()).toContain(
      'tributary_clients_cut_off_total{reason="malformed request"} 1',
    );
  });
});

describe('the audit stream', () => {
  const ask = (authorization: string, id: string, address: string, query = '{ books { title } }') =>
    graph.post(
      { query },
      { authorization, 'x-request-id': id, 'x-forwarded-for': address, 'user-agent': 'curl/8' },
    );

  test('says who failed to authenticate, from where, and why, without the token', async () => {
    const { secret: foreign } = { secret: new TextEncoder().encode('0123456789abcdef0123456789abcdef') };
    const forged = await issuer.mint({ header: { alg: 'HS256' }, key: foreign });
    const expired = await issuer.mint({ claims: { iat: 1_000, exp: 1_900 } });
    await ask(`Bearer ${forged}`, 'forged', '203.0.113.1');
    await ask(`Bearer ${expired}`, 'expired', '203.0.113.2');
    await ask(`Basic ${SECRET}`, 'basic', '203.0.113.3');
    const from = (clientIp: string) => ({
      level: 'warn',
      stream: 'audit',
      msg: 'authentication failed',
      service: 'tributary',
      method: 'POST',
      path: '/graphql',
      clientIp,
      userAgent: 'curl/8',
    });
    const who = { userId: 'user-1', userIssuer: issuer.issuer, tenant: 'shop', kid: 'key-1' };
    const lines = await auditLines();
    expect(lines.find(({ requestId }) => requestId === 'forged')).toMatchObject({
      ...from('203.0.113.1'),
      ...who,
      code: 'TOKEN_INVALID',
      verified: false,
      jti: expect.stringMatching(/^token-\d+$/),
    });
    expect(lines.find(({ requestId }) => requestId === 'expired')).toMatchObject({
      ...from('203.0.113.2'),
      ...who,
      code: 'TOKEN_EXPIRED',
      verified: true,
      reason: expect.stringContaining('"exp" claim timestamp check failed'),
    });
    const basic = lines.find(({ requestId }) => requestId === 'basic');
    expect(basic).toMatchObject({ ...from('203.0.113.3'), code: 'TOKEN_INVALID' });
    expect(basic).not.toHaveProperty('verified');
    const everything = JSON.stringify([...lines, ...graph.log]);
    for (const credential of [forged, expired, SECRET]) expect(everything).not.toContain(credential);
    expect(graph.log.filter(({ stream }) => stream === 'audit')).toEqual([]);
  });

  test('has at most the configured number of lines for one address', async () => {
    for (let index = 0; index < 6; index += 1) await ask('Bearer a.b.c', `brute-${index}`, '203.0.113.4');
    const lines = (await auditLines()).filter(({ clientIp }) => clientIp === '203.0.113.4');
    expect(lines.map(({ requestId }) => requestId)).toEqual(['brute-0', 'brute-1', 'brute-2']);
  });

  test('lists fields that the caller was denied', async () => {
    const query = 'query Margins { books { title margin } }';
    await ask(`Bearer ${await issuer.mint()}`, 'denied', '203.0.113.5', query);
    expect((await auditLines()).find(({ requestId }) => requestId === 'denied')).toMatchObject({
      msg: 'authorization denied',
      code: 'UNAUTHORIZED_FIELD_OR_TYPE',
      operationName: 'Margins',
      userId: 'user-1',
      verified: true,
      clientIp: '203.0.113.5',
      denied: ['books.margin'],
    });
  });

  test('continues in a new file after a rotation, and ends with what was suppressed', async () => {
    const rotated = join(folder, 'audit.log.1');
    await rename(auditFile, rotated);
    graph.router.telemetry.reopenAuditFile();
    await ask('Bearer a.b.c', 'rotated', '203.0.113.6');
    expect(await auditLines()).toMatchObject([{ requestId: 'rotated' }]);
    // A flood from one address, with another path, user agent and operation name in each request.
    const before = graph.log.length;
    const flood = Array.from({ length: 150 }, async (_, index) => {
      const headers = { 'x-forwarded-for': '203.0.113.7', 'user-agent': `agent-${index}\u00e9`.repeat(50) };
      await fetch(new URL(`/path-${index}?${'x'.repeat(500)}`, graph.router.url), { headers });
      await graph.post({ query: `query Q${index} { nothing${index} }` }, headers);
    });
    await Promise.all(flood);
    await graph[Symbol.asyncDispose]();
    const written = graph.log.slice(before);
    expect(
      written.filter(({ clientIp, msg }) => clientIp === '203.0.113.7' && msg === 'request'),
    ).toHaveLength(40);
    const suppressed = written.filter(({ msg }) => msg === 'log lines of rejections suppressed');
    expect(suppressed).toEqual(
      ['NOT_FOUND', 'GRAPHQL_VALIDATION_FAILED'].map((of) =>
        expect.objectContaining({ of, clientIp: '203.0.113.7', count: 130, windowS: 60 }),
      ),
    );
    expect(JSON.stringify(written).length).toBeLessThan(60_000);
    expect((await auditLines()).at(-1)).toMatchObject({
      msg: 'audit lines suppressed',
      clientIp: '203.0.113.4',
      count: 3,
      windowS: 60,
    });
  });
});

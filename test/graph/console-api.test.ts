import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configJsonSchema } from '../../router/config/config-schema.ts';
import type { SeriesResult } from '../../router/console/api-types.ts';
import { runVerb } from '../support/processes/run-verb.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startWebServer } from '../support/servers/web-server.ts';
import type { WebResponse } from '../support/servers/web-server.ts';
import { createClock } from '../support/time/clock.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import type { Issuer } from '../support/callers/tokens.ts';

type Result = { readonly status: number; readonly headers: OutgoingHttpHeaders; readonly body: unknown };

/** Sends a request as `fetch` cannot: with any `Host` and `Origin`. */
async function send(
  url: string | URL | undefined,
  options: { method?: string; headers?: OutgoingHttpHeaders; body?: unknown } = {},
): Promise<Result> {
  const { method = 'GET', headers = {}, body } = options;
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = request(url ?? '', { method, headers: { ...json, ...headers } });
  const response = new Promise<Result>((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (received) => {
      void text(received).then((content) =>
        resolve({
          status: received.statusCode ?? 0,
          headers: received.headers,
          body: /json/.test(received.headers['content-type'] ?? '') ? JSON.parse(content) : content,
        }),
      );
    });
  });
  sent.end(body === undefined ? undefined : JSON.stringify(body));
  return response;
}

const SECRET = 'a-secret-that-nobody-may-read-0123456789';

let issuer: Issuer;
let graph: SmallGraph;

beforeAll(async () => {
  issuer = await startIssuer();
  graph = await startSmallGraph({
    services: LIBRARY,
    env: { IDENTITY: SECRET, LIST_SIZE: '7', CDN: 'cdn.example', ORIGIN_TOKEN: SECRET },
    config: `
mode: development
usage: { enabled: true }
identity: { keys: [{ id: k1, secret: "\${env.IDENTITY}" }] }
telemetry: { otlpHeaders: { authorization: ${SECRET} } }
headers: { request: [{ insert: { name: x-api-key, value: ${SECRET} } }] }
traffic:
  all: { timeoutMs: 1234 }
console:
  demoAccounts: [{ email: ada@example.com, password: ${SECRET}, role: admin }]
  hosts: [ops.example, "\${env.CDN}", "\${env.ORIGIN_TOKEN}", "$\${env.CDN}"]
rateLimit: { defaultListSize: "\${env.LIST_SIZE:-${SECRET}}" }
`,
  });
});

afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await issuer[Symbol.asyncDispose]();
});

const onAdmin = (path: string, options?: Parameters<typeof send>[1]) =>
  send(`${graph.router.adminUrl}/console/api/${path}`, options);
const onClient = (path: string, options?: Parameters<typeof send>[1]) =>
  send(new URL(`/console/api/${path}`, graph.router.url), options);

describe('the console API', () => {
  test('describes the router on both ports', async () => {
    const admin = await onAdmin('overview');
    expect(admin).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'no-store' },
      body: {
        product: 'Tributary',
        mode: 'development',
        graph: null,
        graphqlPath: '/graphql',
        graphqlUrl: '/console/graphql',
        supergraph: { id: expect.stringMatching(/^[\da-f]{12}$/), since: expect.any(String) },
        health: { ready: true, reasons: [] },
        sandbox: false,
        registry: false,
        demoAccounts: [{ email: 'ada@example.com', role: 'admin' }],
        actions: true,
        workers: 1,
      },
    });
    expect((await onClient('overview')).body).toMatchObject({ graphqlUrl: '/graphql', sandbox: true });
    expect((await onAdmin('state')).body).toMatchObject([{ subgraphs: [{ subgraph: 'books' }, {}] }]);
  });

  test.each(['client', 'admin'])('responds to a target that is not a URL on the %s port', async (port) => {
    const { hostname, port: number } = new URL(
      (port === 'admin' ? graph.router.adminUrl : graph.router.url) ?? '',
    );
    const path = 'http://[/console/api/overview';
    const headers = { host: `${hostname}:${number}` };
    const sent = request({ host: hostname, port: number, path, headers, agent: false }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(200);
    expect(await text(response)).toContain('Tributary');
  });

  test('returns the schemas, with the addresses of subgraphs on the admin port only', async () => {
    const { body } = await onAdmin('schema');
    expect(body).toMatchObject({
      api: expect.stringContaining('type Book'),
      supergraph: expect.stringContaining('@join__graph'),
      subgraphs: [
        { name: 'books', sdl: expect.stringContaining('@key'), url: expect.stringMatching(/^http/) },
        { name: 'reviews' },
      ],
      contracts: [],
      versions: [{ since: expect.any(String), until: null }],
    });
    expect(JSON.stringify((await onClient('schema')).body)).toContain('"name":"books","sdl"');
    expect(JSON.stringify((await onClient('schema')).body)).not.toContain('"url"');
    expect(await onAdmin('schema?version=nonsense')).toMatchObject({
      status: 404,
      body: { error: { code: 'NOT_FOUND', message: expect.stringContaining('nonsense') } },
    });
  });

  test('keeps the schemas of replaced supergraphs', async () => {
    await using changing = await startSmallGraph({ services: LIBRARY });
    const schema = async (query = '') =>
      (await send(`${changing.router.adminUrl}/console/api/schema${query}`)).body as {
        version: string;
        api: string;
        versions: { id: string; until: string | null }[];
      };
    const first = await schema();
    const books = changing.services.get('books')?.sdl.replace('pages: Int', 'pages: Int chapters: Int') ?? '';
    await changing.publish(changing.supergraphYaml({ books }));
    await changing.router.reload();
    const second = await schema();
    expect(second.versions.map(({ id }) => id)).toEqual([second.version, first.version]);
    expect(second.versions[1]?.until).toEqual(expect.any(String));
    expect(await schema(`?version=${first.version}`)).toMatchObject({
      version: first.version,
      api: first.api,
    });
    expect(second.api).toContain('chapters');
    const { body } = await send(`${changing.router.adminUrl}/console/api/history`);
    expect(body).toMatchObject({
      events: [{ kind: 'supergraph activated' }, { kind: 'supergraph activated' }],
    });
  });

  test('returns who asks for a field, without the operations of the console', async () => {
    const query = 'query Titles { books { title } }';
    await graph.post({ query }, { 'apollographql-client-name': 'web' });
    await graph.post({ query: '{ books { pages } }' }, { 'apollographql-client-name': 'tributary-console' });
    expect((await onAdmin('usage')).body).toMatchObject({
      coordinates: { 'Book.title': { calls: 1, operations: 1, clients: 1 } },
    });
    expect(JSON.stringify((await onAdmin('usage')).body)).not.toContain('Book.pages');
    expect((await onAdmin('usage?coordinate=Book.title')).body).toMatchObject({
      coordinate: 'Book.title',
      operations: [{ name: 'Titles', clients: [{ name: 'web', calls: 1 }] }],
    });
    expect((await onAdmin('operations')).body).toMatchObject({
      manifest: [],
      recorded: [{ name: 'Titles', type: 'query', calls: 1 }],
    });
  });

  test('names the key to set where operations are not recorded', async () => {
    await using silent = await startSmallGraph({ services: LIBRARY });
    expect(await send(`${silent.router.adminUrl}/console/api/usage`)).toMatchObject({
      status: 404,
      body: { error: { key: 'usage.enabled' } },
    });
  });

  test('shows the running configuration with its sources and without its secrets', async () => {
    const { body } = await onAdmin('config');
    const values = new Map(
      (body as { key: string; value: unknown; source: string }[]).map((one) => [one.key, one]),
    );
    expect(values.get('traffic.all.timeoutMs')).toMatchObject({ value: 1234, source: 'router.yaml:8' });
    expect(values.get('listen.port')).toMatchObject({ source: 'env:PORT' });
    expect(values.get('listen.path')).toMatchObject({ value: '/graphql', source: 'default' });
    expect(values.get('identity.keys.0.secret')).toMatchObject({ value: '***', source: 'router.yaml:4' });
    expect(values.get('headers.request.0.insert.value')).toMatchObject({ value: '***' });
    // The reference and the value, but not the default, which could be a secret.
    expect(values.get('rateLimit.defaultListSize')).toEqual({
      key: 'rateLimit.defaultListSize',
      value: 7,
      source: 'router.yaml:12',
      references: ['env.LIST_SIZE'],
    });
    expect(values.get('identity.keys.0.secret')).toMatchObject({ references: ['env.IDENTITY'] });
    expect(values.get('console.hosts')).toMatchObject({
      value: ['ops.example', 'cdn.example', '***', '${env.CDN}'],
      references: ['env.CDN', 'env.ORIGIN_TOKEN'],
    });
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });

  test('forces a breaker, and records who did it and why', async () => {
    const body = { state: 'open', reason: 'the disk of reviews is full' };
    expect(await onAdmin('breakers/reviews', { method: 'POST', body })).toMatchObject({
      status: 200,
      body: { subgraph: 'reviews', state: 'open' },
    });
    expect(await onAdmin('breakers/reviews', { method: 'POST', body: { state: 'auto' } })).toMatchObject({
      status: 200,
    });
    const unknown = await onAdmin('breakers/nobody', { method: 'POST', body: { state: 'open' } });
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    const history = (await onAdmin('history')).body as { events: { kind: string; data: unknown }[] };
    const commands = history.events.filter(({ kind }) => kind === 'command');
    expect(commands.map(({ data }) => data)).toMatchObject([
      { subgraph: 'nobody', outcome: 'no subgraph is named nobody' },
      { subgraph: 'reviews', action: 'set breaker auto', outcome: 'applied' },
      { who: 'admin port', address: expect.stringContaining('127.0.0.1'), reason: body.reason },
    ]);
    expect(history.events.map(({ kind }) => kind)).toContain('breaker changed');
    expect(graph.log).toContainEqual(
      expect.objectContaining({ msg: 'operator command', stream: 'audit', reason: body.reason }),
    );
  });

  test('rejects unknown paths and other methods', async () => {
    expect(await onAdmin('nothing')).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
    expect(await onAdmin('constructor')).toMatchObject({ status: 404 });
    expect(await onAdmin('overview', { method: 'POST', body: {} })).toMatchObject({
      status: 405,
      headers: { allow: 'GET' },
    });
    expect(await onAdmin('breakers/books')).toMatchObject({ status: 405, headers: { allow: 'POST' } });
  });
});

describe('recent requests', () => {
  test('are found by id, filtered, and contain no variables, literals or tokens', async () => {
    // Planning on a slow machine must not make a request slow, nor a pause between two make a sample due.
    const clock = createClock();
    await using shop = await startSmallGraph({
      services: {
        shop: {
          sdl: 'type Query { fast: Int slow(text: String): Int broken: Int }',
          resolvers: {
            Query: {
              fast: () => 1,
              slow() {
                clock.advance(60);
                return 1;
              },
              broken: () => {
                throw new Error('out of stock');
              },
            },
          },
        },
      },
      config: 'console: { slowMs: 50 }',
      parts: { ...clock },
    });
    const api = async (path: string) => (await send(`${shop.router.adminUrl}/console/api/${path}`)).body;
    const list = async (query: string) =>
      ((await api(`requests?${query}`)) as { requests: { id: string }[] }).requests.map(({ id }) => id);
    const named = { 'apollographql-client-name': 'web' };
    const slow = 'query Slow($v: String) { slow(text: $v) again: slow(text: "literal-secret") }';
    const variables = { v: 'variable-secret' };
    await shop.post({ query: slow, variables }, { 'x-request-id': 'slow-1', ...named });
    await shop.post({ query: '{ broken }' }, { 'x-request-id': 'broken-1' });
    await shop.post({ query: '{ fast }' }, { 'x-request-id': 'fast-1' });
    await shop.post({ query: '{ nothing }' }, { 'x-request-id': 'invalid-1' });

    expect(await list('')).toEqual(['invalid-1', 'fast-1', 'broken-1', 'slow-1']);
    expect(await list('kind=failed')).toEqual(['invalid-1', 'broken-1']);
    expect(await list('operation=Slow&client=web&subgraph=shop')).toEqual(['slow-1']);
    expect(await list('code=NO_SUCH_CODE')).toEqual([]);
    expect(await list('since=2200-01-01T00:00:00Z')).toEqual([]);
    expect(await api('requests?since=yesterday')).toMatchObject({ error: { code: 'BAD_REQUEST' } });

    const onCommandLine = (...args: string[]) =>
      runVerb('requests', '--admin', shop.router.adminUrl ?? '', ...args);
    expect(await onCommandLine('--kind', 'slow')).toMatchObject({
      plain: expect.stringMatching(
        /^TIME .*\n[^\n]+ slow  slow-1  Slow +\d+ ms: shop \d+ → router [^\n]+\n$/,
      ),
      data: { requests: [{ id: 'slow-1' }] },
    });
    expect(await onCommandLine('slow-1')).toMatchObject({
      plain: expect.stringMatching(
        /^slow-1: slow, Slow, .*\n\d+ ms: shop \d+ → router [^\n]+\n\n#0 shop  \| *█+ *\|  [\d.]+ \+ [\d.]+ ms\n$/,
      ),
    });
    expect(await onCommandLine('unknown')).toMatchObject({ kind: 'failure', code: 'NOT_FOUND' });
    expect(await onCommandLine('--kind', 'degraded')).toMatchObject({ plain: 'no recent requests\n' });

    const found = await api('requests/slow-1');
    expect(found).toMatchObject({
      id: 'slow-1',
      kind: 'slow',
      status: 200,
      operation: 'Slow',
      client: 'web',
      subgraphs: ['shop'],
      sentence: expect.stringContaining('shop'),
      trace: { version: 1, requestId: 'slow-1', fetches: [{ subgraph: 'shop', outcome: 'OK' }] },
      document: expect.stringContaining('again: slow(text: "")'),
    });
    expect(JSON.stringify(found)).not.toMatch(/literal-secret|variable-secret/);
    expect(await api('requests/unknown')).toMatchObject({ error: { code: 'NOT_FOUND' } });

    const series = (await api('series?minutes=1')) as SeriesResult;
    expect(series.router.requests).toHaveLength(12);
    const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);
    expect([series.router.requests, series.router.errors, series.router.rejected].map(total)).toEqual([
      4, 1, 1,
    ]);
    expect(total(series.subgraphs['shop']?.calls ?? [])).toBe(3);
    expect(total(series.criticalPath['shop'] ?? [])).toBe(120);
    expect(series.events.map(({ kind }) => kind)).toEqual(['supergraph activated']);
    expect(await api('series?minutes=99')).toMatchObject({ error: { code: 'BAD_REQUEST' } });

    const planned = await shop.post({ query: '{ fast }' }, { 'apollo-expose-query-plan': 'dry-run' });
    expect(await planned.json()).toMatchObject({
      extensions: { tributaryPlan: { estimatedMs: expect.any(Number) } },
    });
  });
});

describe('/console/graphql of the admin port', () => {
  const operation = (headers: OutgoingHttpHeaders = {}, url = `${graph.router.adminUrl}/console/graphql`) =>
    send(url, { method: 'POST', headers, body: { query: '{ books { title } }' } });

  test('forwards operations to the client port and keeps status and headers', async () => {
    const forwarded = await operation({ 'x-request-id': 'forwarded-1', 'tributary-trace': 'true' });
    expect(forwarded).toMatchObject({
      status: 200,
      headers: { 'x-request-id': 'forwarded-1', 'x-supergraph-version': expect.any(String) },
      body: { data: { books: [{}, {}] }, extensions: { trace: { requestId: 'forwarded-1' } } },
    });
    const get = `${graph.router.adminUrl}/console/graphql?query=${encodeURIComponent('{ books { title } }')}`;
    expect(await send(get, { headers: { 'apollo-require-preflight': '1' } })).toMatchObject({ status: 200 });
    expect(await operation({ authorization: 'Basic x' })).toMatchObject({ status: 200 });
    const tooLarge = { method: 'POST', body: { query: 'x'.repeat(2_000_000) } };
    expect(await send(`${graph.router.adminUrl}/console/graphql`, tooLarge)).toMatchObject({ status: 413 });
    expect(await send(`${graph.router.adminUrl}/console/graphql`, { method: 'PUT' })).toMatchObject({
      status: 405,
    });
    expect(await operation({ origin: 'http://evil.example' })).toMatchObject({ status: 403 });
  });

  test('does not exist on the client port', async () => {
    expect(await operation({}, new URL('/console/graphql', graph.router.url).href)).toMatchObject({
      status: 404,
    });
  });

  test('lets an operator see traces in production, and keeps cookies and proxy headers back', async () => {
    const received: unknown[] = [];
    await using upstream = await startSmallGraph({
      services: LIBRARY,
      env: { IDENTITY: SECRET },
      config: `
mode: production
identity: { keys: [{ id: k1, secret: "\${env.IDENTITY}" }] }
headers: { request: [{ propagate: { matching: ".*" } }] }
`,
    });
    const url = `${upstream.router.adminUrl}/console/graphql`;
    const traced = await operation(
      {
        'tributary-trace': 'true',
        cookie: 'session=admin-cookie',
        'x-forwarded-for': '192.0.2.1',
        'x-custom': 'kept',
        'x-hop': 'dropped',
        connection: 'keep-alive, x-hop',
      },
      url,
    );
    expect(traced.body).toMatchObject({ extensions: { trace: { version: 1 } } });
    for (const { headers } of upstream.services.get('books')?.calls ?? []) received.push(headers);
    expect(received[0]).toMatchObject({ 'x-custom': 'kept' });
    expect(JSON.stringify(received)).not.toMatch(/admin-cookie|192\.0\.2\.1|dropped/);
    const direct = await upstream.post({ query: '{ books { title } }' }, { 'tributary-trace': 'true' });
    expect(await direct.json()).not.toHaveProperty('extensions');
  });
});

test('POST registry names the key to set without a registry', async () => {
  const body = { query: '{ __typename }' };
  expect(await onAdmin('registry', { method: 'POST', body })).toMatchObject({
    status: 404,
    body: { error: { key: 'supergraph.registry' } },
  });
});

test('POST registry sends the key of the person, or reads with the key of the router', async () => {
  const json = { 'content-type': 'application/json' };
  let response: WebResponse = { headers: json, body: '{"data":{"ok":true}}' };
  await using registry = await startWebServer(() => response);
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  await using following = await startSmallGraph({
    services: LIBRARY,
    env: { SUPERGRAPH: '' },
    config: JSON.stringify({
      supergraph: {
        sources: [
          { file: 'supergraph.yaml' },
          { registry: { url: registry.origin, key: SECRET, graph: 'shop@production', publicKey } },
        ],
      },
    }),
  });
  const post = (query: string, headers: OutgoingHttpHeaders = {}) =>
    send(`${following.router.adminUrl}/console/api/registry`, { method: 'POST', headers, body: { query } });
  const keys = () =>
    registry.requests.filter(({ path }) => path === '/graphql').map(({ headers }) => headers.authorization);
  expect(await post('{ graphs { name } }')).toMatchObject({ status: 200, body: { data: { ok: true } } });
  expect(await post('mutation { promote }')).toMatchObject({ status: 401 });
  expect(keys()).toEqual([`Bearer ${SECRET}`]);
  expect(await post('mutation { promote }', { 'x-api-key': 'own' })).toMatchObject({ status: 200 });
  expect(keys()).toEqual([`Bearer ${SECRET}`, 'Bearer own']);
  // Responses of a hostile registry.
  const before = keys().length;
  const metadata = { ...json, location: 'http://169.254.169.254/latest/meta-data/', 'set-cookie': 'a=b' };
  const page = '<script>alert(1)</script>';
  const hostile: readonly WebResponse[] = [
    ...[301, 302, 303, 307, 308, 304].map((status) => ({ status, headers: metadata })),
    { headers: { 'content-type': 'text/html' }, body: page },
    { headers: { 'content-type': 'text/html; charset=json' }, body: page },
    { headers: { 'content-type': 'application/jsonp' }, body: page },
    { headers: {}, body: page },
    { headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(34_000_000, ' ')) },
    { headers: { ...json, 'content-encoding': 'gzip' }, body: 'not compressed' },
  ];
  for (response of hostile)
    expect(await post('{ graphs { name } }')).toMatchObject({
      status: 502,
      body: { error: { code: 'BAD_GATEWAY', message: expect.not.stringMatching(/script|169\.254/) } },
    });
  // Only the registry was called, once each, and headers that would act on the console's origin are dropped.
  expect(keys().length - before).toBe(hostile.length);
  response = { headers: { ...metadata, 'clear-site-data': '"*"' }, body: '{"data":{}}' };
  const { headers } = await post('{ graphs { name } }');
  for (const name of ['location', 'set-cookie', 'clear-site-data']) expect(headers).not.toHaveProperty(name);
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff' });
  const { body } = await send(`${following.router.adminUrl}/console/api/overview`);
  expect(body).toMatchObject({ registry: true, graph: 'shop@production' });
});

test('hides every value that the schema of the configuration marks as secret', () => {
  const marked: string[] = [];
  const suspicious: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const { properties, items, additionalProperties, anyOf, type, ...own } = schema as Record<
      string,
      unknown
    >;
    if (own['x-secret'] === true) marked.push(path);
    else if (type === 'string' && SECRET_NAME.test(path)) suspicious.push(path);
    for (const [key, property] of Object.entries(properties ?? {})) walk(property, `${path}.${key}`);
    for (const part of [items, additionalProperties, ...(Array.isArray(anyOf) ? anyOf : [])])
      walk(part, path);
  };
  walk(configJsonSchema(), '');
  expect(suspicious.filter((path) => !PUBLIC_NAMES.test(path))).toEqual([]);
  for (const path of ['.identity.keys.secret', '.usage.registry.key', '.supergraph.registry.key'])
    expect(marked).toContain(path);
});

/** Names of keys whose values are most often secrets, and those for which this is not so. */
const SECRET_NAME = /(?:secret|password|token|key|keys|headers|authorization|credentials?)$/i;
const PUBLIC_NAMES = /(?:publicKey|allowedHeaders|requiredHeaders|tls\.key|claims\.\w+)$/;

describe('access to the console', () => {
  test('is denied to pages of other origins and of other host names, on both ports', async () => {
    for (const call of [onAdmin, onClient]) {
      expect(await call('overview', { headers: { origin: 'http://evil.example' } })).toMatchObject({
        status: 403,
        body: { error: { code: 'FORBIDDEN' } },
      });
      expect(await call('overview', { headers: { origin: 'null' } })).toMatchObject({ status: 403 });
      expect(
        await call('overview', { headers: { host: 'evil.example', origin: 'http://evil.example' } }),
      ).toMatchObject({ status: 403, body: { error: { message: expect.stringContaining('Host') } } });
      expect(
        await call('overview', { headers: { host: 'localhost:1', origin: 'http://localhost:1' } }),
      ).toMatchObject({
        status: 200,
      });
    }
    const command = { method: 'POST', body: { state: 'open' }, headers: { origin: 'http://localhost:1' } };
    expect(await onClient('breakers/books', command)).toMatchObject({ status: 403 });
    expect(
      (await send(`${graph.router.adminUrl}/metrics`, { headers: { origin: `${graph.router.adminUrl}` } }))
        .status,
    ).toBe(403);
  });

  test('requires a token with the role on the admin port', async () => {
    await using secured = await startSmallGraph({
      services: LIBRARY,
      config: `
authentication: { issuers: [{ issuer: "${issuer.issuer}", audience: tributary, jwksUrl: "${issuer.jwksUrl}" }] }
console: { role: operator }
`,
    });
    const overview = (headers: OutgoingHttpHeaders) =>
      send(`${secured.router.adminUrl}/console/api/overview`, { headers });
    const operator = await issuer.mint({ claims: { roles: ['operator'] } });
    const customer = await issuer.mint({ claims: { roles: ['customer'] } });
    expect(await overview({})).toMatchObject({ status: 401, body: { error: { code: 'UNAUTHENTICATED' } } });
    expect(await overview({ authorization: 'Bearer nonsense' })).toMatchObject({
      status: 401,
      body: { error: { code: 'TOKEN_INVALID' } },
    });
    expect(await overview({ authorization: `Bearer ${customer}` })).toMatchObject({
      status: 403,
      body: { error: { code: 'FORBIDDEN', message: 'the token does not have the role operator' } },
    });
    expect(secured.log.filter(({ msg }) => msg === 'console access denied')).toMatchObject([
      { stream: 'audit', code: 'UNAUTHENTICATED', clientIp: '127.0.0.1' },
      { stream: 'audit', code: 'TOKEN_INVALID' },
      { stream: 'audit', code: 'FORBIDDEN', userId: 'user-1', userIssuer: issuer.issuer, verified: true },
    ]);
    expect(await overview({ authorization: `Bearer ${operator}` })).toMatchObject({ status: 200 });
    expect(await overview({ 'tributary-console-token': operator })).toMatchObject({ status: 200 });
    const page = await send(`${secured.router.adminUrl}/console`);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");

    // Commands, state and usage require the same role outside of the console. Metrics and probes do not.
    const { port } = new URL(secured.router.adminUrl ?? '');
    const operatorHeaders = { authorization: `Bearer ${operator}` };
    const expired = await issuer.mint({ claims: { roles: ['operator'], exp: 1_000, iat: 0 } });
    const foreign = await issuer.mint({ claims: { roles: ['operator'], iss: 'https://evil.example' } });
    const attacks: readonly (readonly [number, OutgoingHttpHeaders])[] = [
      [401, {}],
      [401, { authorization: `Basic ${operator}` }],
      [401, { authorization: `Bearer ${expired}` }],
      [401, { authorization: `Bearer ${foreign}` }],
      [401, { authorization: `Bearer ${operator}x` }],
      [401, { 'tributary-console-token': '', ...operatorHeaders }],
      [401, { cookie: `authorization=${operator}` }],
      [403, { authorization: `Bearer ${customer}` }],
      // A page of another origin, and a page whose name resolves to this machine.
      [403, { origin: 'http://evil.example', ...operatorHeaders }],
      [403, { origin: secured.router.adminUrl, ...operatorHeaders }],
      [403, { host: `evil.example:${port}`, ...operatorHeaders }],
    ];
    const close = { method: 'POST', body: { state: 'open' } };
    const at = (path: string, options: Parameters<typeof send>[1]) =>
      send(`${secured.router.adminUrl}${path}`, options);
    for (const [status, headers] of attacks) {
      expect([headers, (await at('/breakers/books', { ...close, headers })).status]).toEqual([
        headers,
        status,
      ]);
      for (const path of ['/state', '/usage', '/nothing', '/state?x', '//state'])
        expect([path, headers, (await at(path, { headers })).status]).toEqual([path, headers, status]);
    }
    const simple = { 'content-type': 'text/plain', ...operatorHeaders };
    expect((await at('/breakers/books', { ...close, headers: simple })).status).toBe(415);
    for (const path of ['/metrics', '/health/ready', '/livez'])
      expect([path, (await at(path, {})).status]).toEqual([path, 200]);
    expect((await at('/state', { headers: operatorHeaders })).body).toMatchObject({
      subgraphs: [{ breaker: 'closed' }, { breaker: 'closed' }],
    });
    expect(secured.log.filter(({ msg }) => msg === 'operator command')).toEqual([]);
    expect(await at('/breakers/books', { ...close, headers: operatorHeaders })).toMatchObject({
      status: 200,
    });
    expect(secured.log.filter(({ msg }) => msg === 'operator command')).toMatchObject([
      { stream: 'audit', who: `${issuer.issuer} user-1`, subgraph: 'books', outcome: 'applied' },
    ]);
  });

  test('does not exist on the client port in production', async () => {
    await using production = await startSmallGraph({ services: LIBRARY, config: 'mode: production' });
    for (const path of [
      '/',
      '/console',
      '/console/',
      '/console/api/overview',
      '/console/assets/a.js',
      '/sandbox',
    ])
      expect((await send(new URL(path, production.router.url))).status).toBe(404);
    expect((await send(`${production.router.adminUrl}/console/api/overview`)).body).toMatchObject({
      mode: 'production',
      demoAccounts: [],
    });
  });

  test('can be disabled on both ports, and `/` is Sandbox then', async () => {
    await using disabled = await startSmallGraph({
      services: LIBRARY,
      config: 'console: { enabled: false }',
    });
    for (const url of [disabled.router.url, disabled.router.adminUrl])
      expect((await send(new URL('/console/api/overview', url))).status).toBe(404);
    expect((await send(new URL('/', disabled.router.url))).body).toContain('EmbeddedSandbox');
  });
});

import { request } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
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
    env: { IDENTITY: SECRET },
    config: `
mode: development
usage: { enabled: true }
identity: { keys: [{ id: k1, secret: "\${env.IDENTITY}" }] }
headers: { request: [{ insert: { name: x-api-key, value: ${SECRET} } }] }
traffic:
  all: { timeoutMs: 1234 }
console:
  demoAccounts: [{ email: ada@example.com, password: ${SECRET}, role: admin }]
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
    expect(values.get('traffic.all.timeoutMs')).toMatchObject({ value: 1234, source: 'router.yaml:7' });
    expect(values.get('listen.port')).toMatchObject({ source: 'env:PORT' });
    expect(values.get('listen.path')).toMatchObject({ value: '/graphql', source: 'default' });
    expect(values.get('identity.keys.0.secret')).toMatchObject({ value: '***', source: 'router.yaml:4' });
    expect(values.get('headers.request.0.insert.value')).toMatchObject({ value: '***' });
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
    expect(await overview({ authorization: `Bearer ${operator}` })).toMatchObject({ status: 200 });
    expect(await overview({ 'tributary-console-token': operator })).toMatchObject({ status: 200 });
    const page = await send(`${secured.router.adminUrl}/console`);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
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

import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../router/config/config.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { childrenOf } from '../support/processes/process-tree.ts';
import { spawnRouter } from '../support/processes/router-process.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { until } from '../support/time/until.ts';

/** Changes of `router.yaml` while the router runs. */

const UNWATCHED = 'supergraph: { watch: false }\n';

/** Changes the configuration of a router; paths are those of its first configuration. */
async function reconfigure(graph: SmallGraph, yaml: string): Promise<void> {
  const env = { PORT: '0', ADMIN_PORT: '0', SUPERGRAPH: graph.supergraphFile };
  const source = { env, fileName: 'router.yaml', directory: '/nowhere' };
  await graph.router.reconfigure(() => parseConfig(UNWATCHED + yaml, source));
}

const lines = (graph: SmallGraph, msg: string) => graph.log.filter((line) => line['msg'] === msg);
const state = async (graph: SmallGraph) =>
  (await (await fetch(new URL('/state', graph.router.adminUrl))).json()) as Record<string, unknown>;

describe('a changed router.yaml', () => {
  test('is applied where a running process can, and the rest is named as needing a restart', async () => {
    await using graph = await startSmallGraph({ services: LIBRARY, config: UNWATCHED });
    const query = '{ books { id title reviews { text book { id } } } }';
    expect((await graph.query(query)).errors).toBeUndefined();
    await reconfigure(
      graph,
      `
listen: { keepAliveTimeoutMs: 1234 }
limits: { depth: 2, bodyBytes: 300, headerBytes: 20000 }
csrf: { enabled: false }
traffic: { subgraphs: { books: { connections: 7 } } }
cors: { origins: [https://shop.example] }
telemetry: { logLevel: warn }
response: { hsts: { maxAgeS: 60 } }
headers:
  request: [{ insert: { name: x-shop, value: a-secret } }]
  response: [{ insert: { name: x-answer, value: 'yes' } }]
identity: { keys: [{ id: a, secret: very-secret }] }
`,
    );
    expect(lines(graph, 'configuration reloaded')).toMatchObject([
      {
        level: 'warn',
        applied: expect.arrayContaining([
          { key: 'limits.depth', from: 15, to: 2 },
          { key: 'csrf.enabled', from: true, to: false },
          { key: 'traffic.subgraphs.books.connections', from: null, to: 7 },
          { key: 'headers.request' },
          { key: 'telemetry.logLevel', from: 'info', to: 'warn' },
        ]),
        restart: ['listen.keepAliveTimeoutMs', 'limits.headerBytes', 'identity.keys'],
      },
    ]);
    expect(JSON.stringify(graph.log)).not.toMatch(/secret"|a-secret|very-secret/);
    expect(await state(graph)).toMatchObject({
      configuration: { restart: ['listen.keepAliveTimeoutMs', 'limits.headerBytes', 'identity.keys'] },
    });

    expect((await graph.query(query)).errors?.[0]?.extensions['code']).toBe('MAX_DEPTH_LIMIT');
    const response = await graph.post({ query: '{ books { id } }' }, { origin: 'https://shop.example' });
    expect(response.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(response.headers.get('strict-transport-security')).toBe('max-age=60');
    expect(response.headers.get('x-answer')).toBe('yes');
    expect(graph.services.get('books')?.calls.at(-1)?.headers['x-shop']).toBe('a-secret');
    expect((await graph.post({ query: `{ books { id } } #${'x'.repeat(300)}` })).status).toBe(413);
    const logged = graph.log.length;
    await graph.query('{ books { title } }');
    expect(graph.log).toHaveLength(logged);

    // Values that are back to the running ones need no restart.
    await reconfigure(graph, '');
    expect(await state(graph)).toMatchObject({ configuration: { restart: [], rejected: null } });
    expect((await graph.query(query)).errors).toBeUndefined();
  });

  test('changes nothing if it is invalid, contradicts itself or does not fit the supergraph', async () => {
    await using graph = await startSmallGraph({ services: LIBRARY, config: UNWATCHED });
    const cases = [
      ['limits:\n  depth: 2\n  dept: 3', 'router.yaml:4: limits.dept: unknown key'],
      [
        'limits: { depth: 2 }\ndegradation: { fallbacks: { Book.pagez: 0 } }',
        'router.yaml:3: degradation.fallbacks.Book.pagez: ',
      ],
      [
        'limits: { depth: 2 }\ntraffic: { all: { tls: { ca: missing.pem } } }',
        'router.yaml:3: traffic.all.tls.ca: ',
      ],
      [
        `limits: { depth: 2 }
authentication:
  required: true
  issuers: [{ issuer: a, jwksUrl: "http://127.0.0.1:9", audience: a }]`,
        'authentication.required: requires at least one issuer',
      ],
      [
        'limits: { depth: 2 }\ngraphs: { public: { path: /public, exclude: [internal] } }',
        'router.yaml:3: graphs.public: the supergraph has no tag internal',
      ],
      ['limits: { depth: 2 }\nlisten: { trustedProxies: [not-an-address] }', 'listen.trustedProxies'],
    ] as const;
    for (const [index, [yaml, reason]] of cases.entries()) {
      await reconfigure(graph, yaml);
      const rejected = lines(graph, 'configuration rejected, keeping the previous one');
      expect(rejected).toHaveLength(index + 1);
      expect(rejected.at(-1)).toMatchObject({ level: 'error', reasons: [expect.stringContaining(reason)] });
      expect(await state(graph)).toMatchObject({
        configuration: { rejected: { reasons: [expect.stringContaining(reason)] } },
      });
      expect((await graph.query('{ books { reviews { text } } }')).errors).toBeUndefined();
    }
    expect(lines(graph, 'configuration reloaded')).toEqual([]);
    await reconfigure(graph, 'limits: { depth: 2 }');
    expect((await graph.query('{ books { reviews { text } } }')).errors).toHaveLength(1);
    expect(await state(graph)).toMatchObject({ configuration: { rejected: null } });
  });

  test('keeps breakers of subgraphs whose settings are the same, and spent points', async () => {
    const config = 'rateLimit: { enabled: true, anonymous: { points: 100, windowS: 86400 } }\n';
    await using graph = await startSmallGraph({ services: LIBRARY, config: UNWATCHED + config });
    const remaining = async () => {
      const response = await graph.post({ query: '{ books { id } }' });
      await response.text();
      return Number(/r=(\d+)/.exec(response.headers.get('ratelimit') ?? '')?.[1]);
    };
    const before = await remaining();
    graph.router.applyBreakerCommand({ subgraph: 'reviews', state: 'open' });
    await reconfigure(graph, `${config}traffic: { subgraphs: { books: { timeoutMs: 1500 } } }`);
    expect(await remaining()).toBeLessThan(before);
    expect(await state(graph)).toMatchObject({
      subgraphs: expect.arrayContaining([
        expect.objectContaining({ subgraph: 'reviews', forced: true, state: 'open' }),
      ]),
    });
    // The client with the previous settings is closed after its last request.
    expect(
      await until(async () => ((await state(graph))['subgraphs'] as unknown[]).length === 2, 20_000),
    ).toBe(true);
  });

  test('is followed by a supergraph that the previous configuration rejected', async () => {
    const config = 'degradation: { fallbacks: { Book.pages: 0 } }\n';
    await using graph = await startSmallGraph({ services: LIBRARY, config: UNWATCHED + config });
    const books = (graph.services.get('books')?.sdl ?? '').replace('pages: Int', 'sheets: Int');
    await graph.publish(graph.supergraphYaml({ books }));
    await graph.router.reload();
    expect(lines(graph, 'supergraph rejected')).toHaveLength(1);
    await reconfigure(graph, '');
    expect(await until(() => lines(graph, 'supergraph activated').length === 2, 20_000)).toBe(true);
  });
});

test('10 changes of the configuration under load lose no request', async (context) => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: UNWATCHED,
    parts: WITHOUT_THREADS,
  });
  const stopped = new AbortController();
  const failed: unknown[] = [];
  let sent = 0;
  const clients = Array.from({ length: 32 }, async () => {
    while (!stopped.signal.aborted) {
      const response = await graph
        .query('{ books { id reviews { text } } }')
        .catch((error: unknown) => error);
      sent += 1;
      if (response instanceof Error || JSON.stringify(response).includes('"errors"')) failed.push(response);
      await delay(1);
    }
  });
  for (let round = 1; round <= 10; round++)
    await reconfigure(graph, `traffic: { all: { timeoutMs: ${60_000 + round} }, deadlineMs: 120000 }`);
  stopped.abort();
  await Promise.all(clients);
  expect(lines(graph, 'configuration reloaded')).toHaveLength(10);
  expect(failed).toEqual([]);
  expect(sent).toBeGreaterThan(20);
  recordMeasurement(context, 'requests during 10 changes of the configuration', sent);
});

test('workers follow router.yaml behind a link that a ConfigMap moves, and reload on SIGHUP', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const folder = await mkdtemp(join(tmpdir(), 'tributary-config-'));
  await using built = new AsyncDisposableStack();
  built.defer(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'supergraph.yaml'), graph.supergraphYaml());
  const mount = async (version: string, yaml: string) => {
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, 'router.yaml'), yaml);
    await symlink(version, join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  };
  await mount('first', 'workers: 2\n');
  await symlink('..data/router.yaml', join(folder, 'router.yaml'));
  const log: string[] = [];
  const router = spawnRouter(folder, {
    env: { PORT: '0', ADMIN_PORT: '0' },
    onLine: (line) => void log.push(JSON.stringify(line)),
  });
  built.defer(async () => {
    router.process.kill('SIGKILL');
    await router.exited;
  });
  const { url } = await router.ready;
  const count = (msg: string) => log.filter((line) => line.includes(msg)).length;
  await mount('second', 'workers: 3\nlimits: { depth: 2 }\n');
  expect(await until(() => count('configuration reloaded') === 2, 60_000)).toBe(true);
  expect(log.filter((line) => line.includes('"restart":["workers"]'))).toHaveLength(2);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ books { reviews { text } } }"}',
  });
  expect(await response.text()).toContain('MAX_DEPTH_LIMIT');

  // A second invalid version is reported once for the change, and again for each signal.
  await mount('third', 'limits: { depth: none }\n');
  const rejected = () => count('configuration rejected');
  expect(await until(() => rejected() === 2, 60_000)).toBe(true);
  router.process.kill('SIGHUP');
  expect(await until(() => rejected() === 4, 60_000)).toBe(true);
  expect(log.filter((line) => line.includes('router.yaml:1: limits.depth: '))).toHaveLength(4);

  // Without the file the defaults would apply. They must not replace stricter values.
  await rm(join(folder, 'router.yaml'));
  expect(await until(() => count('file not found: ') === 2, 60_000)).toBe(true);
  for (const worker of childrenOf(router.process.pid ?? 0)) process.kill(worker, 'SIGKILL');
  expect(await until(() => count('worker exited') >= 4, 60_000)).toBe(true);
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  await writeFile(join(folder, 'router.yaml'), 'limits: { depth: 2 }\n');
  const isServed = () =>
    fetch(url).then(
      () => true,
      () => false,
    );
  expect(await until(isServed, 60_000)).toBe(true);
  const afterwards = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"query":"{ books { reviews { text } } }"}',
  });
  expect(await afterwards.text()).toContain('MAX_DEPTH_LIMIT');
});

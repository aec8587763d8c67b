import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest } from '../../checks/manifest.ts';
import { parseManifest } from '../../router/persisted-operations/manifest.ts';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import type { UsageJson } from '../../router/usage/usage-json.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { createClock } from '../support/time/clock.ts';
import { until } from '../support/time/until.ts';

type Batch = UsageJson & { readonly batch: string; readonly instance: string };

/** A registry that counts each batch once, and whose responses a test determines. */
async function startCollector() {
  const received: { readonly path: string; readonly key: string | undefined; readonly body: string }[] = [];
  const counted = new Map<string, Batch>();
  const collector = { status: 204 as number | 'lost', received, counted };
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request);
    received.push({ path: request.url ?? '', key: request.headers.authorization, body });
    const batch = JSON.parse(body) as Batch;
    if (collector.status === 204 || collector.status === 'lost') counted.set(batch.batch, batch);
    // The batch has arrived, but the router receives no response.
    if (collector.status === 'lost') response.destroy();
    else response.writeHead(collector.status).end();
  };
  const server = createServer((request, response) => void receive(request, response));
  await listening(server, { host: '127.0.0.1', port: 0 });
  return {
    collector,
    url: `http://127.0.0.1:${addressOf(server).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A service with an element that a contract hides. */
const NOTES = {
  sdl: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@tag"])
    type Query { note: String @tag(name: "internal") }
  `,
  resolvers: {},
};
const DRAINING = 'shutdown: { lameDuckMs: 0 }';

function startRecording(url: string, { config = '', limits = '' } = {}): Promise<SmallGraph> {
  return startSmallGraph({
    services: LIBRARY,
    config: `usage: { registry: { url: "${url}/", key: trib_k_secret_x, graph: library@test }, intervalMs: 60000 ${limits} }\n${DRAINING}\n${config}`,
  });
}

const BY_ID = 'query ById($id: ID!) { book(id: $id) { title } }';
const client = (name: string, version?: string) => ({
  'apollographql-client-name': name,
  ...(version !== undefined && { 'apollographql-client-version': version }),
});

/** Sums the requests of batches by operation name and client. */
function requestsBy(batches: Iterable<UsageJson>): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { operations } of batches)
    for (const { name, clients } of operations)
      for (const one of clients) {
        const key = `${name} ${one.name} ${one.version}`;
        sums[key] = (sums[key] ?? 0) + one.requests;
      }
  return sums;
}

test('counts the requests of each operation and client exactly, and sends no data of them', async () => {
  await using registry = await startCollector();
  await using graph = await startRecording(registry.url);
  const ask = async (query: string, variables: object, headers: Record<string, string> = {}) =>
    (await graph.post({ query, variables }, headers)).text();
  for (let count = 0; count < 7; count += 1) await ask(BY_ID, { id: 'secret-1' }, client('web', '2.1'));
  for (let count = 0; count < 3; count += 1) await ask(BY_ID, { id: 'secret-2' });
  await Promise.all(
    ['secret-3', 'secret-4', 'secret-5'].map((id) =>
      ask(
        `query Inlined { secretAlias: book(id: "${id}") { title pages } }`,
        {},
        { 'graphql-client-name': 'app' },
      ),
    ),
  );
  await ask('query Failing($id: ID!) { book(id: $id) { title } }', {}, client('web', '2.1'));
  await ask('query Invalid { missing }', {}, client('web'));
  await graph.router.drain();

  const { received, counted } = registry.collector;
  expect(received.map(({ path, key }) => ({ path, key }))).toEqual([
    { path: '/usage/library/test', key: 'Bearer trib_k_secret_x' },
  ]);
  expect(requestsBy(counted.values())).toEqual({
    'ById web 2.1': 7,
    'ById (unidentified) null': 3,
    'Inlined app null': 3,
    'Failing web 2.1': 1,
  });
  expect(received[0]?.body).not.toMatch(/secret-|secretAlias|127\.0\.0\.1/);
  const [batch] = counted.values();
  const failing = batch?.operations.find(({ name }) => name === 'Failing');
  expect(failing?.clients).toMatchObject([{ errors: 1, cost: 0 }]);
  expect(batch?.operations.find(({ name }) => name === 'ById')).toMatchObject({
    signature: expect.stringMatching(/^[\da-f]{64}$/),
    type: 'query',
    contract: null,
    body: 'query ById($id: ID!) {\n  book(id: $id) {\n    title\n  }\n}',
    fields: ['Book.title', 'Query.book'],
    arguments: ['Query.book(id:)'],
  });
  for (const one of batch?.operations.flatMap(({ clients }) => clients) ?? [])
    expect(one.latencyBuckets.reduce((sum, count) => sum + count, 0)).toBe(one.requests);
  expect(batch).toMatchObject({ dropped: 0, droppedCoordinates: {} });
});

test('sends nothing twice and loses nothing while the registry is away', async () => {
  await using registry = await startCollector();
  const clock = createClock();
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `usage: { registry: { url: "${registry.url}", key: k, graph: library@test }, intervalMs: 60000 }\nsupergraph: { watch: false }\n${DRAINING}`,
    parts: { now: clock.now, schedule: clock.schedule, random: () => 0.5 },
  });
  const { collector } = registry;
  const ask = () => graph.post({ query: BY_ID, variables: { id: '1' } }, client('web'));
  const attempts = async (count: number) => {
    clock.advance(60_000);
    expect(await until(() => collector.received.length === count, 30_000)).toBe(true);
  };
  await ask();
  collector.status = 503;
  await attempts(1);
  await ask();
  collector.status = 'lost';
  await attempts(2);
  collector.status = 401;
  await ask();
  await attempts(3);
  collector.status = 204;
  await graph.router.drain();

  const ids = collector.received.map(({ body }) => (JSON.parse(body) as Batch).batch);
  // The first three attempts and the first one of the drain have the same batch.
  expect(new Set(ids.slice(0, 4)).size).toBe(1);
  expect(new Set(collector.received.slice(0, 4).map(({ body }) => body)).size).toBe(1);
  expect(requestsBy(collector.counted.values())).toEqual({ 'ById web null': 3 });
  const failures = graph.log.filter(({ msg }) => msg === 'recorded operations could not be delivered');
  expect(failures.map((line) => line['failures'])).toEqual([1, 2]);
  expect(JSON.stringify(graph.log)).not.toContain('Bearer');
  expect(await graph.router.telemetry.metrics.metrics()).toContain(
    'tributary_usage_requests_total{outcome="delivered"} 3',
  );
});

test('bounds what hostile clients make it remember, and keeps the known ones exact', async () => {
  await using registry = await startCollector();
  await using graph = await startRecording(registry.url, { limits: ', maxOperations: 20, maxClients: 5' });
  const known = () => graph.post({ query: BY_ID, variables: { id: '1' } }, client('web'));
  const usage = () => graph.router.usage();
  // Two reports end two windows, after which the operation and its client are known.
  for (let count = 0; count < 2; count += 1) {
    await known();
    await usage();
  }
  for (let count = 0; count < 60; count += 1)
    await graph.post({ query: `query Flood${count} { newest { text } }` }, client(`hostile ${count}`));
  await known();
  const report = await usage();
  expect(report?.operations.length).toBeLessThanOrEqual(20);
  expect(requestsBy([report].filter((one) => one !== undefined))).toMatchObject({ 'ById web null': 3 });
  const clients = report?.operations.flatMap((operation) => operation.clients) ?? [];
  expect(new Set(clients.map(({ name }) => name)).size).toBeLessThanOrEqual(6);
  const requests = clients.reduce((sum, one) => sum + one.requests, 0);
  expect(requests + (report?.dropped ?? 0)).toBe(63);
  expect(report?.droppedCoordinates).toEqual({
    'Query.newest': report?.dropped,
    'Review.text': report?.dropped,
  });
});

test('drops a batch that the registry never accepts, and says so', async () => {
  await using registry = await startCollector();
  await using graph = await startRecording(registry.url);
  registry.collector.status = 422;
  await graph.post({ query: BY_ID, variables: { id: '1' } });
  await graph.router.drain();
  expect(registry.collector.received).toHaveLength(1);
  expect(graph.log.filter(({ msg }) => msg === 'recorded operations rejected, they are lost')).toMatchObject([
    { level: 'error', requests: 1, reason: 'status 422' },
  ]);
});

describe('the usage file', () => {
  let directory = '';
  beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), 'tributary-usage-'))));
  afterAll(() => rm(directory, { recursive: true, force: true }));

  const read = async (file: string) => JSON.parse(await readFile(join(directory, file), 'utf8')) as UsageJson;

  test('is a manifest that grows over restarts, as the admin port shows it', async () => {
    const config = `usage: { file: "${join(directory, 'new', 'usage.json')}" }\n${DRAINING}\ngraphs: { public: { path: /public, exclude: [internal] } }`;
    const graphs: unknown[] = [];
    for (let run = 0; run < 2; run += 1) {
      await using graph = await startSmallGraph({ services: { ...LIBRARY, notes: NOTES }, config });
      await graph.post({ query: BY_ID, variables: { id: '1' } }, client('web', '1'));
      const path = new URL('/public', graph.router.url);
      await fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: BY_ID, variables: { id: '1' } }),
      });
      const shown = await fetch(new URL('/usage', graph.router.adminUrl));
      graphs.push(await shown.json());
      await graph.router.drain();
    }
    expect(graphs).toMatchObject(
      [1, 2].map(() => ({ operations: [{ contract: null }, { contract: 'public' }] })),
    );
    const file = await read('new/usage.json');
    expect(file.operations.map(({ contract, clients }) => ({ contract, clients }))).toMatchObject([
      { contract: null, clients: [{ name: 'web', version: '1', requests: 2, calls: 2 }] },
      { contract: 'public', clients: [{ name: '(unidentified)', requests: 2 }] },
    ]);
    const text = await readFile(join(directory, 'new/usage.json'), 'utf8');
    expect(parseManifest(text).operations).toBe(2);
    const calls = (one: object) => expect.objectContaining({ calls: 2, ...one });
    expect(readManifest(text, 'usage.json')).toMatchObject([
      { name: 'ById', clients: [calls({ name: 'web', version: '1' }), calls({ name: '(unidentified)' })] },
    ]);
  });

  test('has the requests of all workers', async () => {
    const [service] = Object.values(LIBRARY);
    if (service === undefined) throw new Error('no service');
    const router = await startRouterProcess(
      service,
      `workers: 2\nusage: { file: "${join(directory, 'pool.json')}" }\n${DRAINING}`,
    );
    try {
      const asked = Array.from({ length: 40 }, () =>
        fetch(router.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', connection: 'close' },
          body: JSON.stringify({ query: '{ books { id } }' }),
        }).then((response) => response.text()),
      );
      await Promise.all(asked);
      // The figures omit a worker that does not report in time.
      const shown = async () => (await (await fetch(new URL('/usage', router.adminUrl))).json()) as UsageJson;
      await expect.poll(async () => requestsBy([await shown()])).toEqual({ 'null (unidentified) null': 40 });
      router.process.kill('SIGTERM');
      expect(await router.exited).toBe(0);
      expect(requestsBy([await read('pool.json')])).toEqual({ 'null (unidentified) null': 40 });
    } finally {
      await router[Symbol.asyncDispose]();
    }
  }, 180_000);

  test('is off by default', async () => {
    await using graph = await startSmallGraph({ services: LIBRARY });
    const response = await fetch(new URL('/usage', graph.router.adminUrl));
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({
      error: 'operations are not recorded, set `usage.enabled: true`',
    });
  });
});

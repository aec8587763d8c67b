import { Writable } from 'node:stream';
import { sql } from 'kysely';
import { pino } from 'pino';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { startProduct } from '../../subgraphs/product/server.ts';
import { openDatabase } from '../../database/database.ts';
import { serveSubgraph } from '../../subgraphs/shared/serve.ts';
import { measuredParts, type Parts } from '../../subgraphs/shared/run.ts';
import type { Settings } from '../../subgraphs/shared/settings.ts';
import { createMetrics } from '../../subgraphs/shared/telemetry/metrics.ts';
import { signIdentity } from '../../subgraphs/shared/sign.ts';
import {
  dropLocation,
  startTestSubgraph,
  testKey,
  testLocation,
  testSettings,
} from '../support/subgraphs/shop-subgraph.ts';

const body = JSON.stringify({ query: '{ product(id: "product-1") { id } }' });

test('responds to health requests, and only to signed calls', async () => {
  await using product = await startTestSubgraph('product', startProduct);
  const get = (path: string, init: RequestInit = {}) => fetch(`${product.origin}${path}`, init);

  for (const path of ['/health/live', '/health/ready']) {
    const response = await get(path);
    expect([response.status, await response.json()]).toEqual([200, { status: 'UP' }]);
  }
  const unsigned = await get('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  expect(unsigned.status).toBe(401);
  expect(await unsigned.json()).toEqual({
    errors: [
      {
        message: 'The call is not signed for this service: the signature is missing or malformed.',
        extensions: { code: 'CALL_NOT_SIGNED' },
      },
    ],
  });
  const forged = await get('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-user-id': 'user-4', 'x-user-roles': 'admin' },
    body,
  });
  expect(forged.status).toBe(401);
});

test.each([
  ['an unknown path', '/', { method: 'GET' }, 404],
  ['a property of every object', '/constructor', { method: 'GET' }, 404],
  ['GraphQL by GET', '/graphql?query={__typename}', { method: 'GET' }, 405],
  ['health by POST', '/health/live', { method: 'POST' }, 405],
  ['a body of more than a megabyte', '/graphql', { method: 'POST', body: 'x'.repeat(8_000_000) }, 413],
])('responds to %s in JSON', async (_, path, init, status) => {
  await using subgraph = await startGreeter();
  const response = await fetch(`${new URL(subgraph.url).origin}${path}`, init);
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String) }] });
});

test('responds with 400 to a signed body that is not JSON', async () => {
  await using subgraph = await startGreeter();
  const response = await callGreeter(subgraph.url, '{"query":');
  expect(response.status).toBe(400);
});

test('masks unexpected errors, and logs them with the ids of the request', async () => {
  const lines: Record<string, unknown>[] = [];
  await using subgraph = await startGreeter(lines);
  const response = await callGreeter(subgraph.url, JSON.stringify({ query: '{ secret }' }), {
    'x-request-id': 'Root=1-67/89+a==',
    'x-correlation-id': 'correlation/7',
  });
  expect(await response.json()).toMatchObject({
    data: { secret: null },
    errors: [
      { message: 'Internal server error', path: ['secret'], extensions: { code: 'INTERNAL_SERVER_ERROR' } },
    ],
  });
  const failure = lines.find(({ msg }) => msg === 'resolver failed');
  const ids = { requestId: 'Root=1-67/89+a==', correlationId: 'correlation/7' };
  expect(failure).toMatchObject({ ...ids, err: { message: 'the password is 1234' } });
  expect(lines.find(({ msg }) => msg === 'request handled')).toMatchObject({
    ...ids,
    status: 200,
  });
});

test('completes a request in flight when it stops', async () => {
  const started = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const subgraph = await startGreeter([], async () => {
    started.resolve();
    await gate.promise;
    return 'done';
  });
  const pending = callGreeter(subgraph.url, JSON.stringify({ query: '{ hello }' }));
  await started.promise;
  const closing = subgraph.close();
  gate.resolve();
  const response = await pending;
  expect(await response.json()).toEqual({ data: { hello: 'done' } });
  expect(response.headers.get('connection')).toBe('close');
  await closing;
  await expect(fetch(subgraph.url)).rejects.toThrow('fetch failed');
});

test('is not ready after the loss of its database', async () => {
  const location = await testLocation('product', 'embedded');
  const database = await openDatabase({ location, migrations: {}, seed: async () => undefined });
  await using subgraph = await startGreeter([], undefined, database.isReady);
  await database.close();
  const response = await fetch(`${new URL(subgraph.url).origin}/health/ready`);
  expect([response.status, await response.json()]).toEqual([503, { status: 'DOWN' }]);
  await dropLocation(location);
});

test('a start that loses its database reports the cause', async () => {
  const location = await testLocation('product', 'postgres');
  const opening = openDatabase({
    location,
    migrations: {},
    seed: async (db) => void (await sql`select pg_terminate_backend(pg_backend_pid())`.execute(db)),
  });
  await expect(opening).rejects.toThrow(/Postgres does not respond at .*terminated/);
  await dropLocation(location);
});

/** The smallest possible subgraph, whose resolvers and readiness a test sets. */
async function startGreeter(
  lines: Record<string, unknown>[] = [],
  hello: () => unknown = () => 'hello',
  isReady: () => Promise<boolean> = async () => true,
  own: Partial<Pick<Settings, 'host' | 'metricsFrom'> & Pick<Parts, 'metrics'>> = {},
) {
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  const { metrics, ...address } = own;
  const settings = { ...testSettings('product', await testLocation('product', 'embedded')), ...address };
  const parts = { now: Date.now, log: pino({}, destination), metrics };
  return serveSubgraph(settings, parts, {
    schema: new URL('../support/subgraphs/greeter.graphql', import.meta.url),
    resolvers: {
      Query: {
        hello,
        secret: () => {
          throw new Error('the password is 1234');
        },
      },
    },
    createContext: (facts) => facts,
    isReady,
    close: async () => undefined,
  });
}

function callGreeter(url: string, content: string, headers: Record<string, string> = {}) {
  const signing = { key: testKey, audience: 'product', method: 'POST', identity: {}, now: Date.now };
  const signature = signIdentity({ ...signing, body: content });
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signature, ...headers },
    body: content,
  });
}

describe('the metrics of a subgraph', () => {
  const external = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address;

  test('count requests and SQL statements, without a signature', async () => {
    await using product = await startTestSubgraph('product', (settings, parts) =>
      startProduct(settings, measuredParts(parts, createMetrics())),
    );
    await product.call('{ product(id: "product-1") { id name } }');
    await fetch(`${product.origin}/invented`, { method: 'PUT' });
    const response = await fetch(`${product.origin}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
    const lines = (await response.text()).split('\n');
    expect(lines.filter((line) => line.startsWith('http_server_request_duration_seconds_count'))).toEqual([
      'http_server_request_duration_seconds_count{http_request_method="POST",http_route="/graphql",http_response_status_code="200"} 1',
      'http_server_request_duration_seconds_count{http_request_method="_OTHER",http_route="unknown",http_response_status_code="404"} 1',
    ]);
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^db_client_operation_duration_seconds_count\{db_operation_name="SELECT",outcome="ok"\} [1-9]/,
      ),
    );
    expect(lines).toContainEqual(expect.stringMatching(/^process_cpu_seconds_total /));
  });

  test.skipIf(external === undefined)('are for the same host only, unless they are for any', async () => {
    for (const [metricsFrom, status] of [
      ['loopback', 403],
      ['any', 200],
    ] as const) {
      await using greeter = await startGreeter([], undefined, undefined, {
        metricsFrom,
        host: '0.0.0.0',
        metrics: createMetrics(),
      });
      const { port } = new URL(greeter.url);
      expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
      expect((await fetch(`http://${external}:${port}/metrics`)).status).toBe(status);
    }
  });
});

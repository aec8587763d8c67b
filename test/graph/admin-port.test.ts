import { request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const PATHS = ['/metrics', '/state', '/health/ready', '/breakers/books', '/nothing'];

let graph: SmallGraph;
beforeAll(async () => {
  graph = await startSmallGraph({ services: LIBRARY });
});
afterAll(() => graph[Symbol.asyncDispose]());

/** Sends a request with this path and these headers to the admin port. */
async function ask(
  { router }: SmallGraph,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; body: string }> {
  const sent = request(new URL(path, router.adminUrl), { headers }).end();
  const [response] = await once(sent, 'response');
  return { status: response.statusCode, body: await text(response) };
}

test.for(PATHS)('rejects a page whose domain resolves to this machine at %s', async (path) => {
  const { port } = new URL(graph.router.adminUrl ?? '');
  for (const name of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    expect(await ask(graph, path, { host: `${name}:${port}` })).toEqual({
      status: 403,
      body: expect.stringContaining('Host must be an IP address, localhost or the configured name'),
    });
  }
});

test.for(PATHS)('rejects a page of any origin at %s', async (path) => {
  for (const origin of ['https://evil.example', graph.router.adminUrl ?? '', 'null'])
    expect(await ask(graph, path, { origin })).toMatchObject({ status: 403 });
});

test('accepts a program that uses an IP address or localhost', async () => {
  for (const host of [
    '127.0.0.1:9090',
    'localhost:9090',
    'LocalHost',
    '10.0.0.7:9090',
    '[::1]:9090',
    '[::1]',
  ])
    expect(await ask(graph, '/metrics', { host })).toMatchObject({ status: 200 });
});

test('on a public interface accepts a scraper by any host name, rejects a page, and requires a role', async () => {
  await using open = await startSmallGraph({ services: LIBRARY, config: 'admin: { host: 0.0.0.0 }' });
  expect(await ask(open, '/metrics', { host: 'router-1:9090' })).toMatchObject({ status: 200 });
  expect(await ask(open, '/state', { origin: 'http://router-1:9090' })).toMatchObject({ status: 403 });
  for (const path of ['/state', '/usage', '/breakers/books'])
    expect(await ask(open, path, { host: 'router-1:9090' })).toEqual({
      status: 403,
      body: expect.stringContaining('add an issuer or set `console.role: false`'),
    });
});

test('a query does not change which path a request is for', async () => {
  const own = { host: 'localhost' };
  for (const path of ['/metrics?collect=all', '/readyz?verbose', '/livez?', '/state?pretty=1'])
    expect([path, await ask(graph, path, own)]).toMatchObject([path, { status: 200 }]);
  expect(await ask(graph, '/breakers/books?field=Query.book', own)).toMatchObject({ status: 405 });
  expect(await ask(graph, '/nothing?/metrics', own)).toMatchObject({ status: 404 });
});

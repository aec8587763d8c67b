import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { allArrived } from '../support/graphs/arrived.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const RENAME = 'mutation { rename(id: "1", title: "Emma") { title reviews { text } } }';
const FROM_PROXY = {
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'www.shop.example',
};

const lastCall = (graph: SmallGraph, service: string) => {
  const { headers = {} } = graph.services.get(service)?.calls.at(-1) ?? {};
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-forwarded-')));
};

test('by default mutations contain the address of the client, and queries do not', async () => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'listen: { trustedProxies: [127.0.0.1] }',
  });
  await graph.post({ query: RENAME }, FROM_PROXY);
  expect(lastCall(graph, 'books')).toEqual({ ...FROM_PROXY, 'x-forwarded-for': '203.0.113.7, 127.0.0.1' });
  // The query after the mutation may be deduplicated with requests of other clients.
  expect(lastCall(graph, 'reviews')).toEqual({});
  await graph.post({ query: '{ books { title } }' }, FROM_PROXY);
  expect(lastCall(graph, 'books')).toEqual({});
});

test('does not pass on headers from a client that is not a trusted proxy', async () => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: 'headers: { forwarded: { queries: [for, proto] } }',
  });
  await graph.post({ query: RENAME }, FROM_PROXY);
  const { host } = new URL(graph.router.url);
  const own = { 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'http' };
  expect(lastCall(graph, 'books')).toEqual({ ...own, 'x-forwarded-host': host });
  expect(lastCall(graph, 'reviews')).toEqual(own);
});

test('queries with forwarded addresses are deduplicated only for equal addresses', async () => {
  const gate = Promise.withResolvers<void>();
  const hello = async () => gate.promise.then(() => 'hello');
  const services = { greeting: { sdl: 'type Query { hello: String }', resolvers: { Query: { hello } } } };
  await using graph = await startSmallGraph({
    services,
    config: '{ listen: { trustedProxies: [127.0.0.1] }, headers: { forwarded: { queries: [for] } } }',
  });
  const calls = () => graph.services.get('greeting')?.calls ?? [];
  const addresses = ['192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3'];
  const asked = addresses.map((address) =>
    graph.post({ query: '{ hello }' }, { 'x-forwarded-for': address }),
  );
  await allArrived(graph, asked.length);
  await expect.poll(() => calls().length).toBe(3);
  gate.resolve();
  await Promise.all(asked);
  expect(new Set(calls().map(({ headers }) => headers['x-forwarded-for']))).toEqual(
    new Set(['192.0.2.1, 127.0.0.1', '192.0.2.2, 127.0.0.1', '192.0.2.3, 127.0.0.1']),
  );
  expect(calls()).toHaveLength(3);
});

test('a rule for forwarded headers is rejected, and the message names the setting', () => {
  const text = 'headers: { request: [{ propagate: { named: X-Forwarded-For } }] }';
  expect(() => parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '/' })).toThrow(
    'is set by the router, see `headers.forwarded`',
  );
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';
import { createAuthority } from '../support/servers/certificates.ts';

let graph: SmallGraph;
let directory: string;
const { ca } = createAuthority('shop');

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tributary-metrics-'));
  await writeFile(join(directory, 'ca.pem'), ca);
  graph = await startSmallGraph({
    services: {
      books: {
        sdl: `
          type Query { book: Book }
          type Book @key(fields: "id") { id: ID! title: String oldTitle: String @deprecated(reason: "use title") }
        `,
        resolvers: { Query: { book: () => ({ id: '1', title: 'Middlemarch', oldTitle: 'M' }) } },
      },
    },
    config: `traffic: { subgraphs: { books: { tls: { ca: "${join(directory, 'ca.pem')}" } } } }`,
  });
});
afterAll(async () => {
  await graph[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

/** Returns the value of each series whose name and labels begin with the text. */
async function series(prefix: string): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(new URL('/metrics', graph.router.adminUrl))).text();
  const lines = text.split('\n').filter((line) => line.startsWith(prefix));
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

test('count operations, clients, deprecated fields and the wait for a connection', async () => {
  const client = { 'apollographql-client-name': 'web', 'apollographql-client-version': '7' };
  const query = 'query Shown { book { title oldTitle } }';
  for (let index = 0; index < 10; index += 1) await graph.post({ query }, client);
  expect(await series('tributary_operation_duration_seconds_count{graphql_operation_name="Shown"')).toEqual({
    'tributary_operation_duration_seconds_count{graphql_operation_name="Shown",outcome="ok"}': 1,
  });
  expect(await series('tributary_client_requests_total{client_name="web"')).toEqual({
    'tributary_client_requests_total{client_name="web",client_version="7",outcome="ok"}': 1,
  });
  expect(await series('tributary_deprecated_field_requests_total')).toEqual({
    'tributary_deprecated_field_requests_total{coordinate="Book.oldTitle"}': 10,
  });
  expect(await series('tributary_critical_path_seconds_count')).toEqual({
    'tributary_critical_path_seconds_count{subgraph="router"}': 10,
    'tributary_critical_path_seconds_count{subgraph="books"}': 10,
  });
  // The shares add up to the duration of the requests.
  const shares = Object.values(await series('tributary_critical_path_seconds_sum'));
  const [total = 0] = Object.values(await series('http_server_request_duration_seconds_sum'));
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(total, 4);
  expect(await series('tributary_operation_cache_lookups_total')).toEqual({
    'tributary_operation_cache_lookups_total{outcome="hit"}': 9,
    'tributary_operation_cache_lookups_total{outcome="miss"}': 1,
  });
  expect(await series('tributary_subgraph_connection_wait_seconds_count')).toEqual({
    'tributary_subgraph_connection_wait_seconds_count{subgraph="books"}': 10,
  });
});

test('have the state of connections, caches and the event loop', async () => {
  await graph.query('{ book { id } }');
  expect(await series('http_server_active_requests')).toEqual({ http_server_active_requests: 0 });
  expect(await series('tributary_requests_waiting')).toEqual({ tributary_requests_waiting: 0 });
  expect((await series('tributary_client_connections'))['tributary_client_connections']).toBeGreaterThan(0);
  expect(await series('tributary_subgraph_connections')).toEqual({
    'tributary_subgraph_connections{subgraph="books",state="active"}': 0,
    'tributary_subgraph_connections{subgraph="books",state="idle"}': 1,
    'tributary_subgraph_connections{subgraph="books",state="pending"}': 0,
  });
  expect(await series('tributary_subgraph_in_flight')).toEqual({
    'tributary_subgraph_in_flight{subgraph="books"}': 0,
  });
  expect(
    (await series('tributary_operation_cache_entries'))['tributary_operation_cache_entries'],
  ).toBeGreaterThan(0);
  const delays = await series('tributary_event_loop_delay_seconds');
  expect(Object.keys(delays).toSorted()).toEqual(
    ['0.5', '0.9', '0.99', '1'].map(
      (quantile) => `tributary_event_loop_delay_seconds{quantile="${quantile}"}`,
    ),
  );
  expect(Object.values(delays).every((delay) => delay >= 0)).toBe(true);
});

test('have a bounded number of series, whatever names clients make up', async () => {
  const lines = async () => Object.keys(await series('')).filter((line) => /_name="/.test(line));
  const before = await lines();
  const hostile = ['"} 1\\n# ', '\\', '\u202eevil', '__proto__', 'é'.repeat(300)];
  // Each name is used often enough to become a label.
  const USES = 10;
  const names = Array.from({ length: 130 }, (_, index) => index);
  const send = async (index: number) => {
    const name = hostile[index] === undefined ? `client-${index}` : encodeURIComponent(hostile[index]);
    const headers = { 'apollographql-client-name': name, 'apollographql-client-version': `${index}` };
    for (let use = 0; use < USES; use += 1)
      await graph.post({ query: `query Flood${index} { book { id } }` }, { 'user-agent': name, ...headers });
  };
  await Promise.all(names.map(send));
  const added = (await lines()).filter((line) => !before.includes(line));
  const valuesOf = (label: string) =>
    new Set(added.flatMap((line) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? []));
  const operations = valuesOf('graphql_operation_name');
  expect(operations.size).toBeGreaterThan(50);
  expect(operations.size).toBeLessThanOrEqual(101);
  expect(valuesOf('client_name').size).toBeLessThanOrEqual(51);
  const sum = (counts: Readonly<Record<string, number>>) =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  // Requests under names without a series of their own are counted together.
  expect(sum(await series('tributary_client_requests_total'))).toBeGreaterThanOrEqual(names.length * USES);
});

test('have the expiry of the configured certificates', async () => {
  const file = join(directory, 'ca.pem');
  expect(await series('tributary_certificate_expiry_timestamp_seconds')).toEqual({
    [`tributary_certificate_expiry_timestamp_seconds{subgraph="books",file="${file}"}`]:
      new X509Certificate(ca).validToDate.getTime() / 1_000,
  });
});

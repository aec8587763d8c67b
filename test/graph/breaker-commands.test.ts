import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { childrenOf } from '../support/processes/process-tree.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import type { RouterProcess } from '../support/processes/router-process.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

// The first worker binds the port before the others start: on a busy machine it takes a while to start all.
const TIMEOUT_MS = 180_000;

async function command(
  adminUrl: string | undefined,
  subgraph: string,
  body: unknown,
  init: RequestInit = {},
): Promise<{ status: number; allow: string | null; body: unknown }> {
  const response = await fetch(`${adminUrl}/breakers/${subgraph}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
  return { status: response.status, allow: response.headers.get('allow'), body: await response.json() };
}

function post(url: string, query: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'found-in-any-worker' },
    body: JSON.stringify({ query }),
  });
}

test('does not call a subgraph whose breaker is forced open, and reports it in the response', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { adminUrl } = graph.router;
  expect(await command(adminUrl, 'reviews', { state: 'open' })).toMatchObject({
    status: 200,
    body: { subgraph: 'reviews', state: 'open' },
  });

  const response = await graph.query('{ books { title reviews { text } } }');
  expect(response).toEqual({
    data: {
      books: [
        { title: 'Middlemarch', reviews: null },
        { title: 'Moby-Dick', reviews: null },
      ],
    },
    errors: [0, 1].map((index) => ({
      message: 'reviews is blocked by an operator',
      path: ['books', index, 'reviews'],
      extensions: { code: 'SUBGRAPH_CIRCUIT_OPEN', service: 'reviews' },
    })),
    extensions: {
      degraded: [
        {
          service: 'reviews',
          reason: 'SUBGRAPH_CIRCUIT_OPEN',
          breaker: 'open',
          paths: [['books', 'reviews']],
          source: 'null',
        },
      ],
    },
  });
  const state = await (await fetch(`${adminUrl}/state`)).json();
  expect(state).toMatchObject({
    subgraphs: [{ subgraph: 'books' }, { subgraph: 'reviews', breaker: 'open', forced: true }],
  });
  const metrics = await (await fetch(`${adminUrl}/metrics`)).text();
  expect(metrics).toContain(
    'tributary_breaker_transitions_total{subgraph="reviews",scope="service",to="open",forced="true"} 1',
  );

  await command(adminUrl, 'reviews', { state: 'auto' });
  expect(await graph.query('{ books { title reviews { text } } }')).not.toHaveProperty('errors');
});

test('rejects an invalid command with the reason', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { adminUrl } = graph.router;
  expect(await command(adminUrl, 'nobody', { state: 'open' })).toMatchObject({
    status: 404,
    body: { error: 'no subgraph is named nobody' },
  });
  expect(await command(adminUrl, '%zz', { state: 'open' })).toMatchObject({ status: 404 });
  const wrong = await command(adminUrl, 'books', { state: 'ajar' });
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: expect.stringContaining('"open"|"closed"|"auto"') },
  });
  expect(await command(adminUrl, 'books', { state: 'open', until: 5 })).toMatchObject({ status: 400 });
  expect(await command(adminUrl, 'books', '{')).toMatchObject({
    status: 400,
    body: { error: 'the body is not JSON' },
  });
  expect(await command(adminUrl, 'books', ' '.repeat(20_000))).toMatchObject({ status: 413 });
  const get = await command(adminUrl, 'books', undefined, { method: 'GET' });
  expect(get).toMatchObject({ status: 405, allow: 'POST' });
  expect(await graph.query('{ books { title } }')).not.toHaveProperty('errors');
});

test('rejects a command for a field that is never requested from the subgraph, and lists the requested fields', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { adminUrl } = graph.router;
  const hold = (subgraph: string, field: string, state = 'open') =>
    command(adminUrl, subgraph, { state, field });
  expect(await hold('books', 'Book.titel')).toMatchObject({
    status: 404,
    body: { error: 'books has no root or entity field Book.titel; it has Book.id, Book.title, Book.pages' },
  });
  // A field of another subgraph, and a field of a type that is not an entity.
  expect(await hold('books', 'Book.reviews')).toMatchObject({ status: 404 });
  expect(await hold('reviews', 'Review.text')).toMatchObject({
    status: 404,
    body: {
      error: 'reviews has no root or entity field Review.text; it has Book.id, Book.reviews, Query.newest',
    },
  });
  expect(await hold('nobody', 'Book.title')).toMatchObject({
    status: 404,
    body: { error: 'no subgraph is named nobody' },
  });

  expect(await hold('reviews', 'Book.reviews')).toMatchObject({ status: 200 });
  const withoutReviews = (graph.services.get('reviews')?.sdl ?? '').replace(
    'reviews: [Review!]',
    'others: [Review!]',
  );
  await graph.publish(graph.supergraphYaml({ reviews: withoutReviews }));
  await graph.router.reload();
  expect(await hold('reviews', 'Book.reviews', 'closed')).toMatchObject({ status: 404 });
  expect(await hold('reviews', 'Book.reviews', 'auto')).toMatchObject({ status: 200 });
});

test('rejects a command that a page could have sent', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { adminUrl } = graph.router;
  const simple = { headers: { 'content-type': 'text/plain' } };
  expect(await command(adminUrl, 'books', { state: 'open' }, simple)).toMatchObject({ status: 415 });
  const rebound = { headers: { 'content-type': 'application/json', origin: adminUrl ?? '' } };
  expect(await command(adminUrl, 'books', { state: 'open' }, rebound)).toMatchObject({ status: 403 });
  expect(await graph.query('{ books { title } }')).not.toHaveProperty('errors');
});

function workersOf({ process: { pid = 0 } }: RouterProcess): number[] {
  return childrenOf(pid);
}

type WorkerState = { readonly subgraphs: readonly { readonly breaker: string; readonly forced?: true }[] };

test(
  'applies a command to all workers, and to one that starts later',
  async () => {
    const service = {
      sdl: 'type Query { ping: String, crash: String }',
      resolvers: { Query: { ping: () => 'pong' } },
    };
    using stack = new DisposableStack();
    const folder = mkdtempSync(join(tmpdir(), 'tributary-audit-'));
    stack.defer(() => rmSync(folder, { recursive: true, force: true }));
    const auditFile = join(folder, 'audit.log');
    const config = `workers: 2\ntelemetry: { logs: { audit: { file: "${auditFile}" } } }\n`;
    await using router = await startRouterProcess(service, config);
    // A worker that does not respond in time is missing in the responses of the admin port.
    const breakers = async () => {
      const states = (await (await fetch(`${router.adminUrl}/state`)).json()) as WorkerState[];
      return states.map(({ subgraphs }) =>
        subgraphs?.map(({ breaker, forced }) => `${breaker} ${forced}`).join(),
      );
    };
    expect(await command(router.adminUrl, 'nobody', { state: 'open' })).toMatchObject({ status: 404 });
    expect(await command(router.adminUrl, 'only', { state: 'open' })).toMatchObject({ status: 200 });
    await expect.poll(breakers).toEqual(['open true', 'open true']);

    const [worker = 0] = workersOf(router);
    process.kill(worker, 'SIGKILL');
    const replaced = () => workersOf(router).length === 2 && !workersOf(router).includes(worker);
    await expect.poll(replaced, { timeout: 60_000 }).toBe(true);
    await expect.poll(breakers, { timeout: 60_000 }).toEqual(['open true', 'open true']);

    expect(await command(router.adminUrl, 'only', { state: 'auto' })).toMatchObject({ status: 200 });
    await expect.poll(breakers).toEqual(['half-open undefined', 'half-open undefined']);

    const api = async (path: string) => (await fetch(`${router.adminUrl}/console/api/${path}`)).json();
    await expect.poll(() => api('overview')).toMatchObject({ workers: 2, health: { ready: true } });
    await expect.poll(() => api('state')).toMatchObject([{}, {}]);
    await expect.poll(() => api('schema')).toMatchObject({ subgraphs: [{ name: 'only' }] });
    const { headers } = await post(router.url, '{ ping }');
    expect(headers.get('x-request-id')).toBe('found-in-any-worker');
    await expect.poll(() => api('requests/found-in-any-worker')).toMatchObject({ operationType: 'query' });
    const commands = async () => {
      const { events } = (await api('history')) as { events: { kind: string; text: string }[] };
      return events.filter(({ kind }) => kind === 'command').map(({ text }) => text);
    };
    await expect
      .poll(commands)
      .toEqual([
        expect.stringContaining('set breaker auto of only by admin port'),
        expect.stringContaining('set breaker open of only by admin port'),
        expect.stringContaining('no subgraph is named nobody'),
      ]);
    const audited = readFileSync(auditFile, 'utf8').trim().split('\n');
    expect(audited.map((line) => JSON.parse(line))).toMatchObject([
      { stream: 'audit', msg: 'operator command', subgraph: 'nobody' },
      { stream: 'audit', msg: 'operator command', subgraph: 'only' },
      { stream: 'audit', msg: 'operator command', subgraph: 'only' },
    ]);
    renameSync(auditFile, `${auditFile}.1`);
    router.process.kill('SIGHUP');
    await expect.poll(() => existsSync(auditFile), { timeout: 60_000 }).toBe(true);
    expect(await command(router.adminUrl, 'only', { state: 'auto' })).toMatchObject({ status: 200 });
    expect(readFileSync(auditFile, 'utf8')).toContain('operator command');
    const forwarded = await post(`${router.adminUrl}/console/graphql`, '{ ping }');
    expect(await forwarded.json()).toMatchObject({ data: { ping: 'pong' } });
  },
  TIMEOUT_MS,
);

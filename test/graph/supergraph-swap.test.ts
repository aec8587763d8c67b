import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { composeInThread } from '../../router/supergraph/compose-in-thread.ts';
import { compose } from '../../router/supergraph/compose.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph } from '../support/graphs/small-graph.ts';
import { WITHOUT_THREADS } from '../support/graphs/without-threads.ts';
import { until } from '../support/time/until.ts';

// Hundreds of requests per second, with a core left for composition.
const PAUSE_MS = 5;

type Load = { readonly stop: () => Promise<{ sent: number; failed: readonly unknown[] }> };

/** Sends requests continuously until it is stopped, and records every response that is not complete. */
function startLoad(graph: SmallGraph, connections: number): Load {
  const stopped = new AbortController();
  let sent = 0;
  const failed: unknown[] = [];
  const workers = Array.from({ length: connections }, async (_, worker) => {
    while (!stopped.signal.aborted) {
      const fields = ['title', 'title pages', 'reviews { text }'][(sent + worker) % 3];
      const response = await graph
        .post({ query: `{ books { id ${fields} } }` })
        .catch((error: unknown) => error);
      sent += 1;
      const result =
        response instanceof Response
          ? { status: response.status, body: (await response.json()) as GraphQLResponse }
          : { error: response };
      if (!('body' in result) || result.status !== 200 || result.body.errors !== undefined)
        failed.push(result);
      await delay(PAUSE_MS);
    }
  });
  return {
    async stop() {
      stopped.abort();
      await Promise.all(workers);
      return { sent, failed };
    },
  };
}

// Composition blocks the process that clients, router and subgraphs share: on a slow machine a call may take
// as long as several compositions.
const UNWATCHED = `
supergraph: { watch: false }
traffic: { deadlineMs: 60000, all: { timeoutMs: 60000 } }
`;
const MANY_RELOADS_MS = 400_000;

/**
 * Starts the library, of which a test publishes many supergraphs: the `good` schema of the books, and
 * variants of it.
 */
async function startLibrary(): Promise<SmallGraph & { readonly good: string }> {
  const graph = await startSmallGraph({ services: LIBRARY, config: UNWATCHED, parts: WITHOUT_THREADS });
  return { ...graph, good: graph.services.get('books')?.sdl ?? '' };
}

test('100 reloads under load lose no request', { timeout: MANY_RELOADS_MS }, async (context) => {
  await using graph = await startLibrary();
  const { good } = graph;
  const load = startLoad(graph, 24);
  const served = new Set<string | null>();
  for (let version = 1; version <= 100; version++) {
    const added = good.replace('pages: Int', `pages: Int added${version}: Int`);
    await graph.publish(graph.supergraphYaml({ books: added }));
    await graph.router.reload();
    served.add(await versionOf(graph));
  }
  const { sent, failed } = await load.stop();
  recordMeasurement(context, 'requests during 100 reloads', sent);
  recordMeasurement(context, 'requests lost in 100 reloads', failed.length);
  expect(failed).toEqual([]);
  expect(served.size).toBe(100);
});

test(
  'rejects bad supergraphs of seven kinds, ten times each, and serves the previous one',
  { timeout: MANY_RELOADS_MS },
  async (context) => {
    await using graph = await startLibrary();
    const { good } = graph;
    const yaml = graph.supergraphYaml();
    const elsewhere = yaml.replaceAll(/routing_url: .*/g, 'routing_url: http://127.0.0.1:9/moved');
    const bad = [
      graph.supergraphYaml({ books: 'type Query {' }),
      graph.supergraphYaml({ books: good.replaceAll('title: String', 'title: Missing') }),
      elsewhere.replace('@key(fields: \\"id\\")', '@key(fields: \\"id\\", resolvable: false)'),
      graph.supergraphYaml({ books: good.replace('federation/v2.12', 'federation/v2.99') }),
      yaml.replace(/routing_url: .*/, ''),
      yaml.replace(/routing_url: .*/, 'routing_url: file:///etc/passwd'),
      'not: a supergraph',
    ];
    const before = await versionOf(graph);
    const load = startLoad(graph, 8);
    const rejections = () =>
      graph.log.filter(({ msg }) => String(msg).startsWith('supergraph rejected')).length;
    for (let publish = 1; publish <= 70; publish++) {
      await graph.publish(bad[publish % bad.length] ?? '');
      await graph.router.reload();
      expect(rejections()).toBe(publish);
    }
    const { failed } = await load.stop();
    recordMeasurement(context, 'requests lost in 70 rejected supergraphs', failed.length);
    expect(failed).toEqual([]);
    expect(await versionOf(graph)).toBe(before);
  },
);

test('a router that stops aborts a composition in progress and does not report its supergraph as rejected', async () => {
  const aborted = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let compositions = 0;
  const graph = await startSmallGraph({
    services: LIBRARY,
    config: UNWATCHED,
    parts: {
      ...WITHOUT_THREADS,
      // The second composition never ends by itself.
      compose: async (subgraphs, signal) => {
        compositions += 1;
        if (compositions === 1) return compose(subgraphs);
        signal.addEventListener('abort', () => aborted.resolve());
        started.resolve();
        await aborted.promise;
        throw signal.reason;
      },
    },
  });
  const books = `${graph.services.get('books')?.sdl} type Extra { id: ID }`;
  await graph.publish(graph.supergraphYaml({ books }));
  const reload = graph.router.reload();
  await started.promise;
  await graph[Symbol.asyncDispose]();
  await reload;
  expect(graph.log.filter(({ msg }) => String(msg).startsWith('supergraph rejected'))).toEqual([]);
});

test('an aborted composition ends its thread', async () => {
  const controller = new AbortController();
  const subgraphs = [{ name: 'a', url: 'http://127.0.0.1:9', sdl: 'type Query { a: Int }', place: 'a' }];
  const composition = composeInThread(subgraphs, controller.signal);
  controller.abort();
  await expect(composition).rejects.toThrow('the composition thread ended');
  await expect(composeInThread(subgraphs, controller.signal)).rejects.toThrow('aborted');
});

test('a changed file swaps the supergraph, and an invalid one does not', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const logged = (start: string) => graph.log.filter(({ msg }) => String(msg).startsWith(start)).length;
  const good = graph.services.get('books')?.sdl ?? '';
  const load = startLoad(graph, 4);
  await graph.publish(graph.supergraphYaml({ books: good.replace('pages: Int', 'pages: Int isbn: Int') }));
  expect(await until(() => logged('supergraph activated') === 2, 20_000)).toBe(true);
  await graph.publish(graph.supergraphYaml({ books: good.replaceAll('title: String', 'title: Missing') }));
  expect(await until(() => logged('supergraph rejected') === 1, 20_000)).toBe(true);
  const { failed } = await load.stop();
  expect(failed).toEqual([]);
  const { data } = await graph.query('{ __type(name: "Book") { fields { name } } }');
  expect(JSON.stringify(data)).toContain('isbn');
});

test(
  'a field that is removed and added again never causes a server error',
  { timeout: MANY_RELOADS_MS },
  async (context) => {
    await using graph = await startLibrary();
    const { good } = graph;
    const stopped = new AbortController();
    const statuses: number[] = [];
    const ask = async () => {
      const response = await graph.post({ query: '{ books { id pages } }' });
      await response.arrayBuffer();
      statuses.push(response.status);
    };
    const clients = Array.from({ length: 8 }, async () => {
      while (!stopped.signal.aborted) {
        await ask();
        await delay(PAUSE_MS);
      }
    });
    for (let flip = 1; flip <= 60; flip++) {
      const books = flip % 2 === 0 ? good : good.replace('pages: Int', `other${flip}: Int`);
      await graph.publish(graph.supergraphYaml({ books }));
      await graph.router.reload();
      // The pauses of all clients may be longer than the time in which a schema is served.
      await ask();
    }
    stopped.abort();
    await Promise.all(clients);
    const failed = statuses.filter((status) => status >= 500);
    recordMeasurement(context, 'server errors while a field was removed and added 60 times', failed.length);
    expect(new Set(statuses)).toEqual(new Set([200, 400]));
  },
);

test('a request in flight during a swap is executed on the schema it was validated on', async () => {
  const gate = Promise.withResolvers<void>();
  await using graph = await startSmallGraph({
    services: {
      slow: {
        sdl: 'type Query { slow: String, quick: String }',
        resolvers: { Query: { slow: async () => gate.promise.then(() => 'done') } },
      },
    },
    config: UNWATCHED,
    parts: WITHOUT_THREADS,
  });
  const sdl = graph.services.get('slow')?.sdl ?? '';
  const asked = graph.post({ query: '{ slow }' });
  const received = () => graph.services.get('slow')?.calls.some(({ body }) => body.includes('slow'));
  await expect.poll(received).toBe(true);
  await graph.publish(graph.supergraphYaml({ slow: sdl.replace('slow: String', 'another: String') }));
  await graph.router.reload();
  expect((await graph.post({ query: '{ slow }' })).status).toBe(400);
  gate.resolve();
  expect(await (await asked).json()).toEqual({ data: { slow: 'done' } });
});

async function versionOf(graph: SmallGraph): Promise<string | null> {
  return (await graph.post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');
}

test('logs a rejected supergraph with code, subgraph, coordinate and line', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const sdl = graph.services.get('reviews')?.sdl ?? '';
  await graph.publish(
    graph.supergraphYaml({ reviews: sdl.replace('type Review {', 'type Review @key(fields: "absent") {') }),
  );
  await until(() => graph.log.some(({ reasons }) => reasons !== undefined), 20_000);
  const reasons = graph.log.find((line) => line['reasons'] !== undefined)?.['reasons'];
  expect(reasons).toEqual([
    expect.stringMatching(/^sdl:4: error KEY_INVALID_FIELDS \(subgraph reviews, Review\): /),
  ]);
});

test('a request names the supergraph that it began on', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const before = (await graph.post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');
  const sdl = graph.services.get('books')?.sdl ?? '';
  await graph.publish(graph.supergraphYaml({ books: sdl.replace('pages: Int', 'pages: Int isbn: String') }));
  await graph.router.reload();
  const after = (await graph.post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');
  expect(after).not.toBe(before);
});

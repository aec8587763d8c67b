import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';
import type { Answer, SmallGraph } from '../support/small-graph.ts';
import { until } from '../support/until.ts';

// Hundreds of requests a second, and a core left for composition.
const PAUSE_MS = 5;

type Load = { readonly stop: () => Promise<{ sent: number; failed: readonly unknown[] }> };

/** Asks all the time until it is stopped, and keeps every answer that is not whole. */
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
      const answer =
        response instanceof Response
          ? { status: response.status, body: (await response.json()) as Answer }
          : { error: response };
      if (!('body' in answer) || answer.status !== 200 || answer.body.errors !== undefined)
        failed.push(answer);
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

test('20 swaps and 5 bad supergraphs under load lose no request', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const swapped = () => graph.log.filter(({ msg }) => msg === 'supergraph serves').length;
  const refused = () => graph.log.filter(({ msg }) => String(msg).startsWith('supergraph refused')).length;
  const load = startLoad(graph, 4);
  const [good] = [graph.services.get('books')?.sdl ?? ''];

  for (let version = 1; version <= 20; version++) {
    const before = swapped();
    await graph.publish(
      graph.supergraphYaml({ books: good.replace('pages: Int', `pages: Int added${version}: Int`) }),
    );
    expect(await until(() => swapped() === before + 1, 20_000)).toBe(true);
  }
  const bad = [
    graph.supergraphYaml({ books: 'type Query {' }),
    graph.supergraphYaml({ books: good.replaceAll('title: String', 'title: Missing') }),
    graph.supergraphYaml({
      books: good.replace('@key(fields: "id")', '@key(fields: "id", resolvable: false)'),
    }),
    'subgraphs: { books: { routing_url: "file:///etc/passwd", schema: { sdl: "" } } }',
    'not: a supergraph',
  ];
  for (const [index, text] of bad.entries()) {
    await graph.publish(text);
    expect(await until(() => refused() === index + 1, 20_000)).toBe(true);
  }

  const { sent, failed } = await load.stop();
  console.log(`${swapped() - 1} swaps, ${refused()} refused, ${sent} requests, ${failed.length} failed`);
  expect(failed).toEqual([]);
  const { data } = await graph.query('{ __type(name: "Book") { fields { name } } }');
  expect(JSON.stringify(data)).toContain('added20');
}, 300_000);

test('a refused supergraph is logged with code, subgraph, coordinate and line', async () => {
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

test('a request is answered by the supergraph it began on', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const before = (await graph.post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');
  const sdl = graph.services.get('books')?.sdl ?? '';
  await graph.publish(graph.supergraphYaml({ books: sdl.replace('pages: Int', 'pages: Int isbn: String') }));
  await graph.router.reload();
  const after = (await graph.post({ query: '{ books { id } }' })).headers.get('x-supergraph-version');
  expect(after).not.toBe(before);
});

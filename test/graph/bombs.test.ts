import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { BOMBS } from '../support/bombs.ts';
import { recordFigure } from '../support/figure.ts';
import { LIBRARY, startSmallGraph } from '../support/small-graph.ts';
import type { Answer, SmallGraph } from '../support/small-graph.ts';

type Way = (graph: SmallGraph, query: string) => Promise<Response>;

/** Every way in which a client may send a document. */
const WAYS: Readonly<Record<string, Way>> = {
  'by POST': (graph, query) => graph.post({ query }),
  'by POST with a name': (graph, query) => graph.post({ query: `query A {x} ${query}`, operationName: 'A' }),
  'to be registered': (graph, query) =>
    graph.post({ query, extensions: { persistedQuery: { version: 1, sha256Hash: sha256(query) } } }),
  'by GET': (graph, query) => {
    const url = new URL(graph.router.url);
    url.searchParams.set('query', query);
    return fetch(url, { headers: { 'apollo-require-preflight': '1' } });
  },
};

test('a bomb is refused on every way, reaches no subgraph, costs its length and is never registered', async (context) => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `
limits: { headerBytes: 200000 }
overload: { enabled: false }
rateLimit: { enabled: true, anonymous: { points: 500, windowS: 86400 } }`,
  });
  const budgetLeft = async () =>
    Number((await graph.post({ query: '{ book(id: 1) { id } }' })).headers.get('x-ratelimit-remaining'));
  const before = await budgetLeft();
  const calls = callsOf(graph);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const outcomes = new Set<string>();
  let points = 0;
  for (const build of Object.values(BOMBS)) {
    for (const send of Object.values(WAYS)) {
      const response = await send(graph, build());
      // What is longer than `limits.documentLength` is not even parsed.
      points += build().length > 65_536 ? 1 : Math.ceil(build().length / 4_096);
      const { errors = [], ...rest } = (await response.json()) as Answer;
      expect(rest).not.toHaveProperty('data');
      outcomes.add(`${response.status} ${String(errors[0]?.extensions['code']).replace(/^MAX_\w+$/, 'MAX')}`);
    }
    const known = { persistedQuery: { version: 1, sha256Hash: sha256(build()) } };
    const { errors } = (await (await graph.post({ extensions: known })).json()) as Answer;
    points += 1;
    expect(errors?.[0]?.extensions['code']).toBe('PERSISTED_QUERY_NOT_FOUND');
  }
  delay.disable();

  recordFigure(context, 'bombs sent over HTTP', Object.keys(BOMBS).length * Object.keys(WAYS).length);
  recordFigure(context, 'longest the event loop was held up by a bomb, ms', Math.round(delay.max / 1e6));
  expect(outcomes).toEqual(new Set(['400 MAX']));
  expect(callsOf(graph)).toBe(calls);
  expect(await budgetLeft()).toBe(before - points - 1);
});

function callsOf(graph: SmallGraph): number {
  return [...graph.services.values()].reduce((sum, { calls }) => sum + calls.length, 0) - probes(graph);
}

/** What `budgetLeft` itself asks for. */
function probes(graph: SmallGraph): number {
  return graph.services.get('books')?.calls.filter(({ body }) => body.includes('book(')).length ?? 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

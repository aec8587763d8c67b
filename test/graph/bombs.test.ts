import { createHash } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { BOMBS } from '../support/load/document-bombs.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse, SmallGraph } from '../support/graphs/small-graph.ts';

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

test('rejects a document bomb in every form, calls no subgraph, charges for its length and never registers it', async (context) => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `
limits: { headerBytes: 200000 }
overload: { enabled: false }
rateLimit: { enabled: true, anonymous: { points: 500, windowS: 86400 } }`,
  });
  const pointsLeft = async () =>
    Number((await graph.post({ query: '{ book(id: 1) { id } }' })).headers.get('x-ratelimit-remaining'));
  const before = await pointsLeft();
  const calls = callsOf(graph);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const outcomes = new Set<string>();
  let points = 0;
  for (const build of Object.values(BOMBS)) {
    for (const send of Object.values(WAYS)) {
      const response = await send(graph, build());
      // Documents longer than `limits.documentLength` are not parsed.
      points += build().length > 65_536 ? 1 : Math.ceil(build().length / 4_096);
      const { errors = [], ...rest } = (await response.json()) as GraphQLResponse;
      expect(rest).not.toHaveProperty('data');
      outcomes.add(`${response.status} ${String(errors[0]?.extensions['code']).replace(/^MAX_\w+$/, 'MAX')}`);
    }
    const known = { persistedQuery: { version: 1, sha256Hash: sha256(build()) } };
    const { errors } = (await (await graph.post({ extensions: known })).json()) as GraphQLResponse;
    points += 1;
    expect(errors?.[0]?.extensions['code']).toBe('PERSISTED_QUERY_NOT_FOUND');
  }
  delay.disable();

  recordMeasurement(context, 'bombs sent over HTTP', Object.keys(BOMBS).length * Object.keys(WAYS).length);
  recordMeasurement(context, 'longest block of the event loop by a bomb, ms', Math.round(delay.max / 1e6));
  expect(outcomes).toEqual(new Set(['400 MAX']));
  expect(callsOf(graph)).toBe(calls);
  expect(await pointsLeft()).toBe(before - points - 1);
});

/** Documents by name, with the outcomes of 450 of them within an anonymous budget of 500 points. */
const LONG_DOCUMENTS: readonly (readonly [
  name: string,
  document: (index: number) => string,
  outcomes: Readonly<Record<string, number>>,
])[] = [
  ['a name of 200,000', (i) => `{ ${`a${i}`.padEnd(200_000, 'x')} }`, { '400 MAX_LENGTH_LIMIT': 450 }],
  ['a text of 200,000', (i) => withText(i, 200_000), { '400 MAX_LENGTH_LIMIT': 450 }],
  [
    'a name of 65,000',
    (i) => `{ ${`a${i}`.padEnd(65_000, 'x')} }`,
    { '400 MAX_LENGTH_LIMIT': 31, '429 RATE_LIMITED': 419 },
  ],
  ['a text of 65,000', (i) => withText(i, 65_000), { '200 data': 31, '429 RATE_LIMITED': 419 }],
];

function withText(index: number, length: number): string {
  return `{ greeting(name: "${`${index}`.padEnd(length, 'x')}") }`;
}

test('rejects 450 long documents of one address or charges for their length', async (context) => {
  await using router = await startRouterProcess(
    {
      sdl: 'type Query { greeting(name: String!): Int }',
      resolvers: { Query: { greeting: () => 1 } },
    },
    `
listen: { trustedProxies: ["127.0.0.1"] }
overload: { enabled: false }
rateLimit: { enabled: true, anonymous: { points: 500, windowS: 86400 } }`,
  );
  for (const [number, [name, document, expected]] of LONG_DOCUMENTS.entries()) {
    const before = await cpuSeconds(router.adminUrl);
    const outcomes: Record<string, number> = {};
    for (let index = 0; index < 450; index += 1) {
      const response = await fetch(router.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `192.0.2.${number}` },
        body: JSON.stringify({ query: document(index) }),
      });
      const { errors } = (await response.json()) as GraphQLResponse;
      const code = errors === undefined ? 'data' : String(errors[0]?.extensions['code']);
      const outcome = `${response.status} ${code}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    }
    expect([name, outcomes]).toEqual([name, expected]);
    const spent = (await cpuSeconds(router.adminUrl)) - before;
    recordMeasurement(
      context,
      `CPU of the router for 450 documents with ${name} characters, s`,
      spent.toFixed(2),
    );
  }
});

/** Returns the CPU time that the router's process has used. */
async function cpuSeconds(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', adminUrl))).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(metrics)?.[1]);
}

function callsOf(graph: SmallGraph): number {
  return [...graph.services.values()].reduce((sum, { calls }) => sum + calls.length, 0) - probes(graph);
}

/** Returns the number of calls that `pointsLeft` itself causes. */
function probes(graph: SmallGraph): number {
  return graph.services.get('books')?.calls.filter(({ body }) => body.includes('book(')).length ?? 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

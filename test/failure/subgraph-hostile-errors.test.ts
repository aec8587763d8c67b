import { expect, test } from 'vitest';
import { startSmallGraph } from '../support/graphs/small-graph.ts';
import type { GraphQLResponse } from '../support/graphs/small-graph.ts';
import { json, startStubSubgraph } from '../support/subgraphs/stub-subgraph.ts';

const SDL = 'type Query { books: [Book!] } type Book @key(fields: "id") { id: ID! title: String }';

async function respondWith(body: unknown) {
  await using stub = await startStubSubgraph(() => json(body, { 'set-cookie': 'a=b', 'x-secret': 'y' }));
  await using graph = await startSmallGraph({
    services: { books: { sdl: SDL, resolvers: {} } },
    config: `traffic: { subgraphs: { books: { urls: ["${stub.url}"] } } }`,
  });
  const response = await graph.post({ query: '{ books { id title } }' });
  const text = await response.text();
  const metrics = await graph.router.telemetry.metrics.metrics();
  return { response, text, body: JSON.parse(text) as GraphQLResponse, log: graph.log.at(-1), metrics };
}

test('an error of a subgraph cannot set the status or headers, and its stack and addresses are removed', async () => {
  const { response, text, body } = await respondWith({
    data: { books: null },
    errors: [
      {
        message:
          'connect ECONNREFUSED 10.0.0.1:5432 for http://db.internal/x?y=1, sorry\n    at f (/srv/app.js:1)',
        path: ['books'],
        extensions: {
          code: 'BROKEN',
          http: { status: 418, headers: { 'set-cookie': 'a=b' } },
          stacktrace: ['at f (/srv/app.js:1)'],
          exception: { stack: 'at f (/srv/app.js:1)' },
          response: { url: 'http://db.internal' },
        },
      },
    ],
  });
  expect(response.status).toBe(200);
  expect(response.headers.get('set-cookie')).toBeNull();
  expect(response.headers.get('x-secret')).toBeNull();
  expect(body.errors).toEqual([
    {
      message: 'connect ECONNREFUSED (address) for (address) sorry',
      path: ['books'],
      extensions: { code: 'BROKEN', service: 'books' },
    },
  ]);
  expect(text).not.toMatch(/internal|srv|5432/);
});

test('a flood of errors with invented codes fills neither response, log nor metrics', async () => {
  const letters = 'ABCDEFGHIJKLMNOPQRST'.split('');
  const errors = letters.flatMap((a) =>
    letters.map((b) => ({
      message: 'm'.repeat(50_000 / letters.length),
      path: ['books', 0, 'title'],
      extensions: { code: `MADE_UP_${a}${b}` },
    })),
  );
  errors.push({ message: 'm'.repeat(100_000), path: ['books'], extensions: { code: 'C'.repeat(100_000) } });
  const { text, log, metrics } = await respondWith({ data: { books: null }, errors });
  expect(text.length).toBeLessThan(1_100_000);
  expect(JSON.stringify(log).length).toBeLessThan(2_000);
  expect(metrics.match(/^tributary_errors_total\{/gm)?.length).toBeLessThan(60);
});

test('handles names of Object.prototype like other names', async () => {
  const { body } = await respondWith(
    JSON.parse(
      '{"data":{"__proto__":{"polluted":1},"books":[{"id":"1","title":"t","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]}}',
    ),
  );
  expect(body).toEqual({ data: { books: [{ id: '1', title: 't' }] } });
  expect(Object.keys(Object.prototype)).toEqual([]);
});

import { expect, test } from 'vitest';
import { createExecution } from '../../router/operation/execute-operation.ts';
import { createReferenceExecution } from '../differential/reference/execution.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraph } from '../support/graphs/small-graph.ts';

const QUERY = '{ books { id reviews { text } } newest { text } }';
/**
 * A host name that does not resolve. Its first label has more than 63 characters, so no name server is asked,
 * whose response could come after the timeout of the call.
 */
const NOWHERE = `http://${'x'.repeat(64)}.invalid/graphql`;
const UNREACHABLE = /127\.0\.0\.1|localhost|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|invalid|http:/;

async function shapeOf(graph: SmallGraph) {
  const response = await graph.post({ query: QUERY });
  const text = await response.text();
  expect(text).not.toMatch(UNREACHABLE);
  const { data, errors } = JSON.parse(text);
  return { status: response.status, data, errors };
}

test('returns nulls and located errors for each request while every subgraph is down, and stays available', async (context) => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  for (const service of graph.services.values()) await service[Symbol.asyncDispose]();
  // Sequential at first: equal queries in flight are executed once, and the breakers count executions.
  const responses = [];
  for (let request = 0; request < 10; request++) responses.push(await shapeOf(graph));
  responses.push(...(await Promise.all(Array.from({ length: 190 }, () => shapeOf(graph)))));
  const gap = (path: string) => ({
    message: expect.any(String),
    path: [path],
    extensions: expect.objectContaining({ code: expect.any(String), service: expect.any(String) }),
  });
  for (const response of responses)
    expect(response).toEqual({
      status: 200,
      data: { books: null, newest: null },
      errors: expect.arrayContaining([gap('books'), gap('newest')]),
    });
  const codes = new Set(
    responses.flatMap(({ errors }) => errors.map((error: never) => error['extensions']['code'])),
  );
  recordMeasurement(context, 'requests served with every subgraph down', responses.length);
  expect(codes).toEqual(new Set(['SUBGRAPH_CIRCUIT_OPEN', 'SUBGRAPH_UNAVAILABLE']));
  expect((await fetch(new URL('/health/ready', graph.router.url))).status).toBe(200);
});

test('a host name that does not resolve is a subgraph that could not be reached', async () => {
  await using graph = await startSmallGraph({
    services: LIBRARY,
    config: `traffic: { subgraphs: { reviews: { urls: ["${NOWHERE}"] } } }`,
  });
  expect(await shapeOf(graph)).toMatchObject({
    status: 200,
    data: {
      books: [
        { id: '1', reviews: null },
        { id: '2', reviews: null },
      ],
      newest: null,
    },
    errors: expect.arrayContaining([
      expect.objectContaining({
        path: ['newest'],
        extensions: expect.objectContaining({ code: 'SUBGRAPH_UNAVAILABLE' }),
      }),
    ]),
  });
});

test('an executed operation has status 200 whatever has failed, in both media types', async () => {
  const down = `traffic: { all: { timeoutMs: 500 }, subgraphs: { books: { urls: ["${NOWHERE}"] } } }`;
  const mediaTypes = ['application/json', 'application/graphql-response+json'];
  for (const [executor, onErrors] of [
    [createExecution, ['HALT', 'PROPAGATE']],
    [createReferenceExecution, ['PROPAGATE']],
  ] as const) {
    const parts = { createExecution: executor };
    await using graph = await startSmallGraph({ services: LIBRARY, config: down, parts });
    for (const onError of [...onErrors, ...onErrors])
      for (const accept of mediaTypes) {
        const response = await graph.post({ query: '{ books { id } }', onError }, { accept });
        const { data, errors } = (await response.json()) as { data: unknown; errors: unknown };
        expect([response.status, response.headers.get('content-type'), data]).toEqual([
          200,
          `${accept}; charset=utf-8`,
          onError === 'HALT' ? null : { books: null },
        ]);
        expect(errors).toMatchObject([{ path: ['books'] }]);
      }
  }
});

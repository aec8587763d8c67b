import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { addressOf, listening } from '../../router/http/sockets/listeners.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

test('sends the spans of a request to the configured collector, and its own span id to subgraphs', async () => {
  const exports: { path: string | undefined; body: Buffer }[] = [];
  const collector = createServer((request, response) => {
    void buffer(request).then((body) => {
      exports.push({ path: request.url, body });
      response.end();
    });
  });
  await listening(collector, { host: '127.0.0.1', port: 0 });
  const endpoint = `http://127.0.0.1:${addressOf(collector).port}`;
  let sent: unknown;
  {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: `telemetry: { otlpEndpoint: "${endpoint}" }`,
    });
    await graph.post({ query: '{ books { title } }' }, { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01` });
    sent = graph.services.get('books')?.calls.at(-1)?.headers['traceparent'];
  }
  await new Promise((resolve) => collector.close(resolve));

  expect(sent).toMatch(new RegExp(`^00-${TRACE_ID}-(?!00f067aa0ba902b7)[\\da-f]{16}-01$`));
  expect(exports.map(({ path }) => path)).toContain('/v1/traces');
  const spans = Buffer.concat(exports.map(({ body }) => body));
  expect(spans.includes(Buffer.from(TRACE_ID, 'hex'))).toBe(true);
  for (const name of ['request', 'plan', 'subgraph']) expect(spans.includes(name)).toBe(true);
});

test('passes trace and ids on to subgraphs, repeats the ids in the response, and logs them', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const ids = {
    'x-request-id': 'Root=1-67891233-abcdef012345678912345678',
    'x-correlation-id': 'order/7+x=',
  };
  const trace = { traceparent: `00-${TRACE_ID}-00f067aa0ba902b7-01`, tracestate: 'congo=t61rcWkgMzE' };
  const { headers } = await graph.post({ query: '{ books { title } }' }, { ...ids, ...trace });
  expect(Object.fromEntries(headers)).toMatchObject(ids);
  expect(graph.services.get('books')?.calls.at(-1)?.headers).toMatchObject({ ...ids, ...trace });
  expect(graph.log.at(-1)).toMatchObject({
    requestId: ids['x-request-id'],
    correlationId: ids['x-correlation-id'],
  });

  const malformed = { 'x-correlation-id': 'a b', traceparent: 'ff-0-0-0', tracestate: 'congo=1' };
  const response = await graph.post({ query: '{ books { title } }' }, malformed);
  expect(response.headers.get('x-correlation-id')).toBeNull();
  const call = graph.services.get('books')?.calls.at(-1)?.headers ?? {};
  expect(Object.keys(call).filter((name) => name in malformed)).toEqual([]);
  expect(graph.log.at(-1)).not.toHaveProperty('correlationId');
});

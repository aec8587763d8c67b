import { afterAll, expect, test } from 'vitest';
import { allArrived } from '../support/graphs/arrived.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import type { SmallGraphOptions } from '../support/graphs/small-graph.ts';
import { startOtlpReceiver } from '../support/servers/otlp-receiver.ts';
import type { OtlpReceiver, ReceivedSpan } from '../support/servers/otlp-receiver.ts';
import { until } from '../support/time/until.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE_ID}-${PARENT_ID}-01`;
const QUERY =
  'query Shelf($id: ID!) { book(id: $id) { title } books { title reviews { text } } newest { text } }';

let gate: Promise<void> | undefined;

/** The service "gated" responds only when the gate is open. */
const SERVICES: SmallGraphOptions['services'] = {
  ...LIBRARY,
  gated: {
    sdl: 'type Query { gated: String }',
    resolvers: { Query: { gated: async () => gate?.then(() => 'open') } },
  },
};

/** Starts a router that exports its spans. They are complete when it is disposed of. */
function startTraced({ url }: Pick<OtlpReceiver, 'url'>, config: string) {
  return startSmallGraph({
    services: SERVICES,
    config: `telemetry: { otlpEndpoint: "${url}", traces: { ${config} } }`,
  });
}

const named = (spans: readonly ReceivedSpan[], name: string) => spans.filter((span) => span.name === name);

const shared = await startShared();
afterAll(() => shared.graph[Symbol.asyncDispose]());

/** One router for the tests that need no other configuration. It exports its spans at once. */
async function startShared() {
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '1';
  const receiver = await startOtlpReceiver();
  const keys = 'responseHeader: X-Trace-Id, headers: { x-key: k }';
  const graph = await startTraced(receiver, `${keys}, propagators: [b3, b3multi, baggage, tracecontext]`);
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  return { receiver, graph };
}

/** Sends a request to the shared router and returns its spans and the calls to a subgraph. */
async function traced(query: string, headers: Readonly<Record<string, string>>, variables = {}) {
  const { graph, receiver } = shared;
  const counts = new Map([...graph.services].map(([name, { calls }]) => [name, calls.length]));
  const response = await graph.post({ query, variables }, headers);
  const traceId = response.headers.get('x-trace-id') ?? '';
  const own = () => receiver.spans.filter((span) => span.traceId === traceId);
  expect(await until(() => own().length > 0, 30_000)).toBe(true);
  const calls = [...graph.services].flatMap(([name, service]) => service.calls.slice(counts.get(name)));
  return { traceId, spans: own(), calls };
}

test('sends the spans of a request to the collector, each with its parent, and the span id to subgraphs', async () => {
  const { traceId, spans, calls } = await traced(
    QUERY,
    {
      traceparent: SAMPLED,
      tracestate: 'congo=t61rcWkgMzE',
      'x-request-id': 'request-1',
      'user-agent': 'test/1',
    },
    { id: '1' },
  );
  const [first] = shared.receiver.requests;
  expect([first?.path, first?.headers['x-key'], traceId]).toEqual(['/v1/traces', 'k', TRACE_ID]);
  const [request] = named(spans, 'query');
  expect(request).toMatchObject({
    service: 'tributary',
    kind: 'SERVER',
    parentSpanId: PARENT_ID,
    isError: false,
    attributes: {
      'graphql.operation.name': 'Shelf',
      'graphql.operation.type': 'query',
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'graphql.operation.hash': expect.stringMatching(/^[\da-f]{16}$/),
      'client.address': '127.0.0.1',
      'url.path': '/graphql',
      'user_agent.original': 'test/1',
      'tributary.request.id': 'request-1',
      'tributary.critical_path': expect.stringMatching(/^\d+ ms: .*books/),
    },
  });
  const logged = shared.graph.log.find(({ requestId }) => requestId === 'request-1');
  expect(logged).toMatchObject({ traceId: TRACE_ID, spanId: request?.spanId });
  const stages = ['authenticate', 'parse', 'rate limit', 'plan', 'execute'].map(
    (name) => named(spans, name)[0],
  );
  for (const stage of stages)
    expect(stage).toMatchObject({ kind: 'INTERNAL', parentSpanId: request?.spanId });
  const fetches = spans.filter(({ name }) => name.startsWith('fetch '));
  expect(fetches.map(({ name }) => name).sort()).toEqual(['fetch books', 'fetch reviews', 'fetch reviews']);
  for (const fetch of fetches)
    expect(fetch).toMatchObject({
      kind: 'CLIENT',
      parentSpanId: stages.at(-1)?.spanId,
      attributes: {
        'graphql.operation.type': 'query',
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'peer.service': fetch.name.slice('fetch '.length),
        'server.address': '127.0.0.1',
        'server.port': expect.any(Number),
        'tributary.outcome': 'OK',
      },
    });
  expect(calls).toHaveLength(fetches.length);
  const sent = fetches.map(({ spanId }) => ({
    headers: expect.objectContaining({
      traceparent: `00-${TRACE_ID}-${spanId}-01`,
      tracestate: 'congo=t61rcWkgMzE',
    }),
  }));
  for (const call of sent) expect(calls).toContainEqual(expect.objectContaining(call));
  for (const { start, end } of spans.filter((span) => span !== request)) {
    expect(start).toBeGreaterThanOrEqual(request?.start ?? 0n);
    expect(end).toBeLessThanOrEqual(request?.end ?? 0n);
    expect(end).toBeGreaterThanOrEqual(start);
  }
});

test('exports nothing that may be secret: no documents, variables, tokens or cookies', async () => {
  const headers = { cookie: 'c=COOKIE', 'x-api-key': 'KEY' };
  const invalid = '{ book(id: "LITERAL") { title } broken(token: "LITERAL") }';
  await traced(invalid, headers);
  await traced('{ books { title } }', { ...headers, authorization: 'Bearer TOKEN' });
  const variables = { id: 'VARIABLE' };
  const { spans } = await traced(
    'query ($id: ID!) { book(id: $id) { title } b: book(id: "LITERAL") { title } }',
    headers,
    variables,
  );
  expect(named(spans, 'fetch books')).toHaveLength(1);
  for (const secret of ['LITERAL', 'VARIABLE', 'TOKEN', 'COOKIE', 'KEY'])
    expect(shared.receiver.bytes().includes(secret)).toBe(false);
});

test('marks rejected and failed requests, and exports them although their traces are not sampled', async () => {
  await using receiver = await startOtlpReceiver();
  {
    await using graph = await startTraced(receiver, 'sampling: { ratio: 0 }');
    const { calls = [] } = graph.services.get('reviews') ?? {};
    await graph.post({ query: '{ newest { text } }' });
    expect(calls.at(-1)?.headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
    await graph.post({ query: '{ nothing }' });
    await graph.services.get('books')?.[Symbol.asyncDispose]();
    await graph.post({ query: '{ books { title } newest { text } }' });
  }
  const [request, ...others] = named(receiver.spans, 'query');
  expect(others).toEqual([]);
  expect(request).toMatchObject({
    isError: true,
    parentSpanId: '',
    attributes: {
      'http.response.status_code': 200,
      'error.type': 'SUBGRAPH_UNAVAILABLE',
      'tributary.error.codes': ['SUBGRAPH_UNAVAILABLE'],
      'tributary.degraded': ['books'],
    },
  });
  const [failed] = named(receiver.spans, 'fetch books');
  expect(failed).toMatchObject({
    isError: true,
    attributes: { 'error.type': 'SUBGRAPH_UNAVAILABLE', 'tributary.outcome': 'SUBGRAPH_UNAVAILABLE' },
  });
  expect(named(receiver.spans, 'fetch reviews')[0]).toMatchObject({ isError: false });
});

test('reads and writes B3 and baggage, and shares no call between requests with different baggage', async () => {
  const query = '{ books { title } }';
  const id = 'b'.repeat(32);
  const first = await traced(query, { b3: `${id}-${PARENT_ID}-1`, baggage: 'user=1,=x' });
  const spanId = named(first.spans, 'fetch books').at(-1)?.spanId;
  expect(first.calls).toEqual([
    expect.objectContaining({
      headers: expect.objectContaining({
        traceparent: `00-${id}-${spanId}-01`,
        b3: `${id}-${spanId}-1`,
        'x-b3-traceid': id,
        'x-b3-spanid': spanId,
        'x-b3-sampled': '1',
        baggage: 'user=1',
      }),
    }),
  ]);
  expect(named(first.spans, 'query').at(-1)).toMatchObject({ parentSpanId: PARENT_ID });

  const multi = { 'x-b3-traceid': 'a'.repeat(32), 'x-b3-spanid': PARENT_ID, 'x-b3-sampled': '1' };
  const second = await traced(query, multi);
  expect(second.traceId).toBe('a'.repeat(32));
  expect(second.calls[0]?.headers).toMatchObject({ 'x-b3-traceid': second.traceId, 'x-b3-sampled': '1' });

  const { graph } = shared;
  const { calls = [] } = graph.services.get('books') ?? {};
  const before = calls.length;
  await Promise.all(['a=1', 'a=1', 'a=2'].map((baggage) => graph.post({ query }, { baggage })));
  const sent = calls.slice(before).map(({ headers }) => headers['baggage']);
  expect(new Set(sent)).toEqual(new Set(['a=1', 'a=2']));
});

test('links a request that shares the execution of another one to it', async () => {
  const { graph, receiver } = shared;
  const ids = [1, 2, 3].map((id) => String(id).repeat(32));
  const query = '{ gated }';
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const sent = ids.map((id) => graph.post({ query }, { traceparent: `00-${id}-${PARENT_ID}-01` }));
  await allArrived(graph, sent.length);
  resolve();
  await Promise.all(sent);
  const own = () => receiver.spans.filter(({ traceId }) => ids.includes(traceId));
  expect(await until(() => named(own(), 'query').length === 3, 30_000)).toBe(true);
  const fetches = named(own(), 'fetch gated');
  expect(fetches).toHaveLength(1);
  const isOwner = ({ traceId }: ReceivedSpan) => traceId === fetches[0]?.traceId;
  const owner = named(own(), 'query').find(isOwner);
  const joined = named(own(), 'execute').filter((span) => !isOwner(span));
  expect(joined.map(({ links }) => links)).toEqual(
    [1, 2].map(() => [{ traceId: owner?.traceId, spanId: owner?.spanId }]),
  );
});

test('responds in the same way whatever the collector does, counts lost spans, and stops without waiting', async () => {
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '1';
  const RESET = 0;
  let respond: () => Promise<number> = async () => 500;
  await using receiver = await startOtlpReceiver(() => respond());
  await using graph = await startTraced(receiver, 'timeoutMs: 300');
  delete process.env['OTEL_BSP_SCHEDULE_DELAY'];
  const send = async () => {
    for (let count = 0; count < 20; count += 1)
      expect((await graph.post({ query: '{ books { title } }' })).status).toBe(200);
  };
  const lost = async () => {
    const metrics = await (await fetch(`${graph.router.adminUrl}/metrics`)).text();
    return Number(/^tributary_spans_dropped_total\{reason="export failed"\} (\d+)$/m.exec(metrics)?.[1]);
  };
  await send();
  await expect.poll(lost).toBeGreaterThan(0);
  respond = async () => RESET;
  const before = await lost();
  await send();
  await expect.poll(lost).toBeGreaterThan(before);
  respond = () => new Promise(() => undefined);
  const { length } = receiver.requests;
  await send();
  await expect.poll(() => receiver.requests.length).toBeGreaterThan(length);
  expect(graph.log.map(({ msg }) => msg)).toContain('spans could not be exported');
});

test('passes trace and ids on to subgraphs, repeats the ids in the response, and logs them', async () => {
  await using graph = await startSmallGraph({ services: LIBRARY });
  const { calls = [] } = graph.services.get('books') ?? {};
  const ask = (headers: Readonly<Record<string, string>>) =>
    graph.post({ query: '{ books { title } }' }, headers);
  const ids = {
    'x-request-id': 'Root=1-67891233-abcdef012345678912345678',
    'x-correlation-id': 'order/7+x=',
  };
  const trace = { traceparent: SAMPLED, tracestate: 'congo=t61rcWkgMzE' };
  const { headers } = await ask({ ...ids, ...trace });
  expect(Object.fromEntries(headers)).toMatchObject(ids);
  expect(calls.at(-1)?.headers).toMatchObject({ ...ids, ...trace });
  expect(graph.log.at(-1)).toMatchObject({
    requestId: ids['x-request-id'],
    correlationId: ids['x-correlation-id'],
  });

  // Without a valid trace of the client, the router starts one, so that the logs of all services have its id.
  const malformed = { 'x-correlation-id': 'a b', traceparent: 'ff-0-0-0', tracestate: 'congo=1' };
  const response = await ask({ ...malformed, b3: `${TRACE_ID}-${PARENT_ID}-1`, baggage: 'a=1' });
  expect(response.headers.get('x-correlation-id')).toBeNull();
  const call = calls.at(-1)?.headers ?? {};
  expect(call['traceparent']).toMatch(/^00-(?!4bf9)[\da-f]{32}-[\da-f]{16}-01$/);
  for (const name of ['x-correlation-id', 'tracestate', 'b3', 'baggage'])
    expect(call).not.toHaveProperty(name);
  expect(graph.log.at(-1)).not.toHaveProperty('correlationId');
  expect(graph.log.at(-1)).toMatchObject({ traceId: String(call['traceparent']).slice(3, 35) });
});

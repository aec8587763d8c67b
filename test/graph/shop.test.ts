import { expect, it, onTestFinished } from 'vitest';
import { startGraph } from '../support/graphs/shop-graph.ts';
import type { ShopGraph } from '../support/graphs/shop-graph.ts';
import { startOtlpReceiver } from '../support/servers/otlp-receiver.ts';
import type { OtlpReceiver, ReceivedSpan } from '../support/servers/otlp-receiver.ts';
import { until } from '../support/time/until.ts';

const ORDER = /* GraphQL */ `
  {
    orders(first: 1, status: SHIPPED) {
      edges {
        node {
          number
          customer {
            email
          }
          items {
            product {
              name
              stock {
                available
              }
            }
          }
          shipment {
            carrier
          }
        }
      }
    }
  }
`;

const product = (stock: unknown) => ({ product: { name: expect.any(String), stock } });
const responseWith = (stock: unknown) => ({
  orders: {
    edges: [
      {
        node: {
          number: expect.stringMatching(/^T-/),
          customer: { email: 'freya@shop.example' },
          items: expect.arrayContaining([product(stock)]),
          shipment: { carrier: expect.any(String) },
        },
      },
    ],
  },
});

const NAMES = ['inventory', 'order', 'product', 'shipping', 'user'];

it('returns an order from five services, in one trace, without one of them, and from all of them again', async () => {
  // Spans are sent at once.
  process.env['OTEL_BSP_SCHEDULE_DELAY'] = '1';
  onTestFinished(() => void delete process.env['OTEL_BSP_SCHEDULE_DELAY']);
  await using receiver = await startOtlpReceiver();
  const log: Record<string, unknown>[] = [];
  await using graph = await startGraph({
    otlpEndpoint: receiver.url,
    // All services run in this process: on a busy machine a call may take longer than 2 s.
    config: { traffic: { deadlineMs: 60_000, all: { timeoutMs: 60_000 } } },
    onSubgraphLog: (line) => void log.push(JSON.parse(line)),
  });
  const token = await graph.login('freya@shop.example');
  const traceId = '1'.repeat(32);
  const headers = { traceparent: `00-${traceId}-${'2'.repeat(16)}-01` };
  const healthy = await graph.ask(ORDER, { token, headers });
  expect(healthy).toMatchObject({
    status: 200,
    data: responseWith({ available: expect.any(Number) }),
    errors: [],
  });
  await expectTraceOfOrder(receiver, traceId);
  const logged = log.filter((line) => line['traceId'] === traceId).map(({ subgraph }) => String(subgraph));
  expect([...new Set(logged)].sort()).toEqual(NAMES);
  await expectTraceOfPlacement(receiver, graph, token);

  await graph.stop('inventory');
  const degraded = await graph.ask(ORDER, { token });
  expect(degraded).toMatchObject({ status: 200, data: responseWith(null) });
  expect(degraded.errors[0]?.extensions).toMatchObject({
    code: 'SUBGRAPH_UNAVAILABLE',
    service: 'inventory',
  });
  expect(degraded.extensions['degraded']).toMatchObject([{ service: 'inventory' }]);

  await graph.restart('inventory');
  expect(await graph.ask(ORDER, { token })).toMatchObject({ data: healthy.data, errors: [] });
}, 180_000);

/** Router → each of the five services → SQL, all in the trace of the client. */
async function expectTraceOfOrder(receiver: OtlpReceiver, traceId: string): Promise<void> {
  const spans = await spansOf(receiver, traceId, ['tributary', ...NAMES]);
  const [request] = spans.filter(({ service, kind }) => service === 'tributary' && kind === 'SERVER');
  expect(request).toMatchObject({ name: 'query', parentSpanId: '2'.repeat(16) });
  const served = spans.filter(({ service, kind }) => service !== 'tributary' && kind === 'SERVER');
  expect([...new Set(served.map(({ service }) => service))].sort()).toEqual(NAMES);
  for (const { service, parentSpanId, attributes } of served) {
    const fetch = spans.find(({ spanId }) => spanId === parentSpanId);
    expect(fetch).toMatchObject({ service: 'tributary', kind: 'CLIENT', name: `fetch ${service}` });
    expect(attributes).toMatchObject({ 'http.request.method': 'POST', 'http.response.status_code': 200 });
  }
  expectQueries(spans, NAMES);
  // Statements have placeholders: the values of this request are the id and the address of the customer.
  for (const value of ['freya', '@shop.example']) expect(receiver.bytes().includes(value)).toBe(false);
}

function expectQueries(spans: readonly ReceivedSpan[], services: readonly string[]): void {
  const queries = spans.filter(({ name }) => name === 'db.query');
  expect([...new Set(queries.map(({ service }) => service))].sort()).toEqual(services);
  for (const query of queries) {
    expect(spans.find(({ spanId }) => spanId === query.parentSpanId)).toMatchObject({
      service: query.service,
      kind: 'SERVER',
    });
    expect(query).toMatchObject({
      kind: 'CLIENT',
      attributes: {
        'db.system.name': 'postgresql',
        'db.namespace': query.service,
        'db.operation.name': expect.stringMatching(/^[A-Z]+$/),
        'db.query.text': expect.any(String),
      },
    });
    expect(query.end).toBeGreaterThanOrEqual(query.start);
  }
}

/** To place an order, the order service itself calls product and inventory. */
async function expectTraceOfPlacement(
  receiver: OtlpReceiver,
  graph: ShopGraph,
  token: string,
): Promise<void> {
  const { data } = await graph.ask('{ products(first: 1) { edges { node { id } } } }');
  const productId = (data as { products: { edges: { node: { id: string } }[] } }).products.edges[0]?.node.id;
  const traceId = '3'.repeat(32);
  const placed = await graph.ask(
    'mutation ($input: PlaceOrderInput!) { placeOrder(input: $input, idempotencyKey: "traced") { number } }',
    {
      token,
      variables: { input: { items: [{ productId, quantity: 1 }] } },
      headers: { traceparent: `00-${traceId}-${'2'.repeat(16)}-01` },
    },
  );
  expect(placed.errors).toEqual([]);
  const callees = ['inventory', 'product'];
  const spans = await spansOf(receiver, traceId, ['tributary', 'order', ...callees]);
  const calls = spans.filter(({ service, name }) => service === 'order' && name.startsWith('fetch '));
  expect(calls.map(({ name }) => name).sort()).toEqual(callees.map((name) => `fetch ${name}`));
  const [order] = spans.filter(({ service, kind }) => service === 'order' && kind === 'SERVER');
  for (const call of calls) {
    expect(call).toMatchObject({ kind: 'CLIENT', parentSpanId: order?.spanId });
    expect(call.attributes).toMatchObject({
      'http.response.status_code': 200,
      'peer.service': call.name.slice('fetch '.length),
      'server.address': '127.0.0.1',
    });
    expect(spans.filter(({ parentSpanId }) => parentSpanId === call.spanId)).toMatchObject([
      { kind: 'SERVER', service: call.name.slice('fetch '.length) },
    ]);
  }
  expectQueries(spans, ['inventory', 'order', 'product']);
}

/** Returns the spans of a trace when those of all the services have arrived. */
async function spansOf({ spans }: OtlpReceiver, traceId: string, services: readonly string[]) {
  const own = () => spans.filter((span) => span.traceId === traceId);
  // The span of a request ends last, and every span has been sent before its parent.
  const isComplete = () =>
    services.every((name) => own().some(({ service, kind }) => service === name && kind === 'SERVER')) &&
    own().every(
      ({ kind, parentSpanId }) => kind === 'SERVER' || own().some(({ spanId }) => spanId === parentSpanId),
    );
  expect(await until(isComplete, 30_000)).toBe(true);
  return own();
}

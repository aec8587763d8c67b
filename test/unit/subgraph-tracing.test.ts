import { expect, test } from 'vitest';
import { readTrace } from '../../subgraphs/shared/telemetry/trace-headers.ts';
import { startTracing } from '../../subgraphs/shared/telemetry/tracing.ts';
import { startOtlpReceiver } from '../support/servers/otlp-receiver.ts';

const TRACE_ID = '80f198ee56343ba864fe8b2a57d3eff7';
const PARENT_ID = 'e457b5a2e4d86bd1';
const TARGET = { service: 'product', url: 'http://product:4002/graphql' };

test('without an endpoint, a subgraph makes no spans', async () => {
  expect(await startTracing({ service: 'order', url: null })).toBeUndefined();
});

test.each<[string, Readonly<Record<string, string>>, (spanId: string) => Readonly<Record<string, string>>]>([
  [
    'W3C',
    { traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate: 'a=1' },
    (spanId) => ({ traceparent: `00-${TRACE_ID}-${spanId}-01`, tracestate: 'a=1' }),
  ],
  ['one header of B3', { b3: `${TRACE_ID}-${PARENT_ID}-1` }, (spanId) => ({ b3: `${TRACE_ID}-${spanId}-1` })],
  [
    'several headers of B3',
    { 'x-b3-traceid': TRACE_ID, 'x-b3-spanid': PARENT_ID, 'x-b3-sampled': '1' },
    (spanId) => ({ 'x-b3-traceid': TRACE_ID, 'x-b3-spanid': spanId, 'x-b3-sampled': '1' }),
  ],
])('a subgraph continues a trace of %s, into its statements and calls', async (_, headers, expected) => {
  await using receiver = await startOtlpReceiver();
  const sent: Readonly<Record<string, string>>[] = [];
  {
    await using tracing = await startTracing({ service: 'order', url: `${receiver.url}/v1/traces` });
    const send = async (trace: Readonly<Record<string, string>>) => {
      sent.push(trace);
      return { status: 503 };
    };
    await tracing?.serve(readTrace(headers), async () => {
      tracing.queried({ statement: 'select * from "orders" where "id" = $1', ms: 5, hasFailed: false });
      tracing.queried({ statement: 'delete from "orders"', ms: 1, hasFailed: true });
      await tracing.call(TARGET, send);
      await expect(tracing.call(TARGET, () => Promise.reject(new TypeError('down')))).rejects.toThrow('down');
      return { status: 200 };
    });
    // Outside of a request there are no spans, and calls have no trace.
    tracing?.queried({ statement: 'select 1', ms: 1, hasFailed: false });
    await tracing?.call(TARGET, send);
  }
  const [select, remove, call, failed, request, ...others] = receiver.spans;
  expect(others).toEqual([]);
  expect(request).toMatchObject({
    kind: 'SERVER',
    service: 'order',
    traceId: TRACE_ID,
    parentSpanId: PARENT_ID,
  });
  const isChild = { kind: 'CLIENT', traceId: TRACE_ID, parentSpanId: request?.spanId };
  expect(select).toMatchObject({ ...isChild, name: 'db.query', isError: false });
  expect(select?.attributes).toMatchObject({
    'db.operation.name': 'SELECT',
    'db.query.text': 'select * from "orders" where "id" = $1',
  });
  expect(Number((select?.end ?? 0n) - (select?.start ?? 0n))).toBeCloseTo(5_000_000, -4);
  expect(remove).toMatchObject({ ...isChild, isError: true });
  expect(call).toMatchObject({ ...isChild, name: 'fetch product', isError: true });
  expect(call?.attributes).toMatchObject({ 'http.response.status_code': 503, 'server.port': 4002 });
  expect(failed).toMatchObject({ isError: true, attributes: { 'error.type': 'TypeError' } });
  expect(sent).toEqual([expected(call?.spanId ?? ''), {}]);
});

test('a subgraph respects that the caller does not sample a trace', async () => {
  await using receiver = await startOtlpReceiver();
  {
    await using tracing = await startTracing({ service: 'order', url: `${receiver.url}/v1/traces` });
    const trace = readTrace({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` });
    await tracing?.serve(trace, async () => ({ status: 200 }));
  }
  expect(receiver.requests).toEqual([]);
});

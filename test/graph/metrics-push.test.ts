import { expect, test } from 'vitest';
import { startRouterProcess } from '../support/processes/router-process.ts';
import { LIBRARY, startSmallGraph } from '../support/graphs/small-graph.ts';
import { startMetricsReceiver } from '../support/observability/otlp-metrics.ts';
import type { ReceivedMetrics } from '../support/observability/otlp-metrics.ts';

const PING = { sdl: 'type Query { ping: String }', resolvers: { Query: { ping: () => 'pong' } } };

function metricIn({ metrics }: Pick<ReceivedMetrics, 'metrics'>, name: string) {
  const metric = metrics.find((one) => one.name === name);
  if (metric === undefined) throw new Error(`no metric ${name}`);
  return metric;
}

test('pushes counters, gauges and histograms by OTLP, and the last values when the router ends', async () => {
  await using receiver = await startMetricsReceiver();
  {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: `telemetry: { metrics: { endpoint: "${receiver.url}/custom", headers: { x-scope: shop } } }`,
      env: {
        OTEL_SERVICE_NAME: 'shop-router',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test',
        OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret',
      },
    });
    for (let index = 0; index < 3; index += 1) await graph.query('{ books { title } }');
  }
  const last = receiver.received.at(-1);
  if (last === undefined) throw new Error('nothing was pushed');
  expect(last).toMatchObject({
    path: '/custom',
    headers: { 'x-scope': 'shop', 'api-key': 'secret', 'content-type': 'application/x-protobuf' },
    resource: {
      'service.name': 'shop-router',
      'deployment.environment.name': 'test',
      'service.instance.id': expect.stringMatching(/^[\da-f-]{36}$/),
      'service.version': expect.stringMatching(/^\d+\.\d+\.\d+/),
    },
  });
  const responses = metricIn(last, 'tributary_responses_total');
  expect(responses.kind).toBe('sum');
  expect(responses.points.map(({ attributes, value }) => [attributes['outcome'], value])).toEqual([
    ['ok', 3],
    ['partial', 0],
    ['rejected', 0],
    ['failed', 0],
  ]);
  expect(metricIn(last, 'tributary_breaker_open')).toMatchObject({
    kind: 'gauge',
    points: [{ value: 0 }, { value: 0 }],
  });
  const durations = metricIn(last, 'http_server_request_duration_seconds');
  expect(durations.kind).toBe('histogram');
  const [point] = durations.points;
  expect(point?.attributes).toMatchObject({
    http_response_status_code: '200',
    graphql_operation_type: 'query',
  });
  expect(point?.bounds).toHaveLength(13);
  expect(point?.counts).toHaveLength(14);
  expect(point?.counts.reduce((sum, count) => sum + count, 0)).toBe(3);
  expect(point?.value).toBeGreaterThan(0);
});

test('logs that a push failed, and that it works again', async () => {
  await using receiver = await startMetricsReceiver({ failures: 1 });
  await using graph = await startSmallGraph({
    services: LIBRARY,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_TRACES_EXPORTER: 'none',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    },
  });
  const messages = () => graph.log.map(({ msg }) => msg);
  await expect.poll(messages, { timeout: 20_000 }).toContain('metrics pushed after failures');
  expect(graph.log.find(({ msg }) => msg === 'metrics could not be pushed')).toMatchObject({
    level: 'warn',
    url: `${receiver.url}/v1/metrics`,
    failures: 1,
  });
});

test('without an endpoint of its own, metrics are not pushed to that of the spans', async () => {
  await using receiver = await startMetricsReceiver();
  {
    await using graph = await startSmallGraph({
      services: LIBRARY,
      config: `telemetry: { otlpEndpoint: "${receiver.url}" }`,
    });
    await graph.query('{ books { title } }');
  }
  expect(receiver.received.filter(({ path }) => path === '/v1/metrics')).toEqual([]);
});

test('workers push as one router: the sums of all, under one instance', async () => {
  await using receiver = await startMetricsReceiver();
  await using router = await startRouterProcess(PING, 'workers: 2', {
    OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${receiver.url}/v1/metrics`,
    // Only the push at the end.
    OTEL_METRIC_EXPORT_INTERVAL: '3600000',
  });
  const send = async () => {
    const response = await fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: '{"query":"{ ping }"}',
    });
    expect(await response.json()).toEqual({ data: { ping: 'pong' } });
  };
  for (let index = 0; index < 20; index += 1) await send();
  router.process.kill('SIGTERM');
  expect(await router.exited).toBe(0);
  expect(receiver.received).toHaveLength(1);
  const [only] = receiver.received;
  const responses = metricIn({ metrics: only?.metrics ?? [] }, 'tributary_responses_total');
  expect(responses.points.map(({ value }) => value)).toEqual([20, 0, 0, 0]);
});

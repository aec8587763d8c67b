import { expect, test } from 'vitest';
import {
  addExited,
  combineMetrics,
  collectMetrics,
  countsIn,
} from '../../router/telemetry/metrics/collect-metrics.ts';
import { openMetricsText, prefersOpenMetrics } from '../../router/telemetry/metrics/openmetrics-text.ts';
import { configSchema } from '../../router/config/config-schema.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { UNTRACED_REQUEST } from '../../router/request/request-span.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const NOW = 1_700_000_000_123;

/** Starts the telemetry of a process and finishes requests with these durations, the last one traced. */
function processWith(durations: readonly number[], { now = NOW, inPool = true } = {}) {
  const { telemetry: settings } = configSchema.parse({});
  const telemetry = createTelemetry(settings, {
    destination: { write: () => undefined },
    now: () => now,
    inPool,
  });
  const finish = (ms: number, event: object = {}) => {
    const recorder = new RequestRecorder('r', () => 0);
    if (ms === durations.at(-1)) recorder.traced({ ...UNTRACED_REQUEST, traceId: TRACE_ID, isSampled: true });
    // A trace that is not sampled is not stored, so it is no exemplar.
    else recorder.traced({ ...UNTRACED_REQUEST, traceId: 'f'.repeat(32) });
    const base = { requestId: 'r', method: 'POST', status: 200, generation: 'g', bytes: 2 };
    telemetry.requestFinished({ ...base, ms, operationType: 'query', recorder, ...event });
  };
  for (const ms of durations) finish(ms);
  telemetry.planned(5, 'planned');
  return { telemetry, finish };
}

const lines = (text: string, name: string) =>
  text.split('\n').filter((line) => line.replace(/^# (?:HELP|TYPE) /, '').startsWith(name));

test('the OpenMetrics text has exemplars, and counters without _total in their family', async () => {
  const { telemetry } = processWith([30, 60, 70]);
  const text = openMetricsText(await collectMetrics(telemetry.metrics));
  expect(lines(text, 'tributary_responses')).toEqual([
    expect.stringMatching(/^# HELP tributary_responses Responses by outcome/),
    '# TYPE tributary_responses counter',
    'tributary_responses_total{outcome="ok"} 3',
    'tributary_responses_total{outcome="partial"} 0',
    'tributary_responses_total{outcome="rejected"} 0',
    'tributary_responses_total{outcome="failed"} 0',
  ]);
  expect(lines(text, 'tributary_operation_duration_seconds_bucket').slice(5, 7)).toEqual([
    'tributary_operation_duration_seconds_bucket{le="0.05",graphql_operation_name="anonymous",outcome="ok"} 1',
    `tributary_operation_duration_seconds_bucket{le="0.1",graphql_operation_name="anonymous",outcome="ok"} 3 # {trace_id="${TRACE_ID}"} 0.07 1700000000.123`,
  ]);
  expect(lines(text, 'tributary_planning_duration_seconds_count')).toEqual([
    'tributary_planning_duration_seconds_count{outcome="planned"} 1',
  ]);
  expect(text.endsWith('\n# EOF\n')).toBe(true);
  // The plain text of the same registry keeps the names of the counters.
  expect(await telemetry.metrics.metrics()).toContain('\ntributary_responses_total{outcome="ok"} 3\n');
});

test.each([
  [undefined, false],
  ['*/*', false],
  ['text/plain', false],
  ['application/openmetrics-text', true],
  ['text/plain;q=0.5, application/openmetrics-text; version=1.0.0;q=0.6', true],
  ['text/plain;q=0.6, application/openmetrics-text;q=0.5', false],
  ['application/openmetrics-text;version=0.0.1', false],
  // As Prometheus 3 sends it.
  [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    true,
  ],
])('with Accept %s the format is OpenMetrics: %s', (accept, expected) => {
  expect(prefersOpenMetrics(accept)).toBe(expected);
});

test('keeps the counters and histograms of exited workers, up to a maximum number of samples', async () => {
  const counted = async () => countsIn(await collectMetrics(processWith([30, 60]).telemetry.metrics));
  const exited = addExited(addExited([], await counted()), await counted());
  expect(exited.filter(({ type }) => type === 'gauge')).toEqual([]);
  const text = await combineMetrics([await counted(), exited]).metrics();
  expect(lines(text, 'tributary_responses_total{outcome="ok"}')).toEqual([
    'tributary_responses_total{outcome="ok"} 6',
  ]);
  expect(lines(text, 'http_server_request_duration_seconds_count')).toEqual([expect.stringMatching(/ 6$/)]);

  const [metric] = exited;
  if (metric === undefined) throw new Error('no metric');
  const series = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ labels: { name: `invented${index}` }, value: 1 }));
  const kept = addExited([{ ...metric, values: series(3) }], [{ ...metric, values: series(50_001) }]);
  expect(kept).toEqual([{ ...metric, values: series(3) }]);
});

test('the metrics of several workers are as of one process', async () => {
  const workers = [processWith([30, 60]), processWith([80], { now: NOW + 1_000 })];
  for (const [index, { finish }] of workers.entries())
    for (let address = 0; address < 12; address += 1)
      for (let count = 0; count <= address; count += 1)
        finish(1, {
          status: 429,
          generation: undefined,
          codes: ['RATE_LIMITED'],
          // The address with most rejections in both together is the eleventh of each.
          clientIp: address === 1 ? '192.0.2.1' : `192.0.2.${100 * (index + 1) + address}`,
        });
  for (const { finish } of workers)
    for (let count = 0; count < 6; count += 1)
      finish(1, { status: 429, generation: undefined, codes: ['RATE_LIMITED'], clientIp: '192.0.2.1' });
  for (const [index, { telemetry }] of workers.entries()) {
    telemetry.redisChanged({ client: 'requests', state: index === 0 ? 'ready' : 'lost' });
    telemetry.observe({
      supergraph: () => ({ serving: null, rejected: null, rejections: [], sources: [] }),
      subgraphs: () => [
        {
          subgraph: 'books',
          breaker: index === 0 ? 'open' : 'closed',
          inFlight: 2 + index,
          connections: { active: 1, idle: index, pending: 0 },
          fields: [],
        },
      ],
      clients: () => ({ activeRequests: 3, connections: 4 }),
      waitingRequests: () => 1 + index,
      cachedOperations: () => 5,
      certificates: () => [{ subgraph: 'all', file: 'ca.pem', expiresAtS: 100 - index }],
      eventLoopDelay: () => ({ '0.99': 0.01 * (index + 1) }),
    });
  }
  const combined = combineMetrics(
    await Promise.all(workers.map(({ telemetry }) => collectMetrics(telemetry.metrics))),
  );
  const text = await combined.metrics();
  const samples = (name: string) => lines(text, name).filter((line) => !line.startsWith('#'));
  expect(samples('tributary_operation_duration_seconds_count{graphql_operation_name="anonymous"')).toEqual([
    'tributary_operation_duration_seconds_count{graphql_operation_name="anonymous",outcome="ok"} 3',
    'tributary_operation_duration_seconds_count{graphql_operation_name="anonymous",outcome="rejected"} 168',
  ]);
  expect(samples('tributary_planning_duration_seconds_count')).toEqual([
    'tributary_planning_duration_seconds_count{outcome="planned"} 2',
  ]);
  expect(samples('tributary_redis_up')).toEqual(['tributary_redis_up{client="requests"} 0']);
  expect(samples('tributary_breaker_open')).toEqual([
    'tributary_breaker_open{subgraph="books",scope="subgraph"} 1',
  ]);
  expect(samples('tributary_subgraph_in_flight')).toEqual([
    'tributary_subgraph_in_flight{subgraph="books"} 5',
  ]);
  expect(samples('tributary_subgraph_connections')).toEqual([
    'tributary_subgraph_connections{subgraph="books",state="active"} 2',
    'tributary_subgraph_connections{subgraph="books",state="idle"} 1',
    'tributary_subgraph_connections{subgraph="books",state="pending"} 0',
  ]);
  expect(samples('http_server_active_requests')).toEqual(['http_server_active_requests 6']);
  expect(samples('tributary_requests_waiting')).toEqual(['tributary_requests_waiting 3']);
  expect(samples('tributary_client_connections')).toEqual(['tributary_client_connections 8']);
  expect(samples('tributary_operation_cache_entries')).toEqual(['tributary_operation_cache_entries 10']);
  expect(samples('tributary_certificate_expiry')).toEqual([
    'tributary_certificate_expiry_timestamp_seconds{subgraph="all",file="ca.pem"} 99',
  ]);
  expect(samples('tributary_event_loop_delay')).toEqual([
    'tributary_event_loop_delay_seconds{quantile="0.99"} 0.02',
  ]);
  const byAddress = samples('tributary_rate_limit_rejections_by_address');
  expect(byAddress).toHaveLength(10);
  expect(byAddress[0]).toBe('tributary_rate_limit_rejections_by_address{address="192.0.2.1"} 16');
  const exemplars = openMetricsText(await collectMetrics(combined)).match(/ # \{trace_id=.*/g);
  expect(exemplars).toContain(` # {trace_id="${TRACE_ID}"} 0.08 1700000001.123`);
});

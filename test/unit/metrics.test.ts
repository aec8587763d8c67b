import type { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import type { RequestFacts } from '../../router/request/request-recorder.ts';
import { TopNames } from '../../router/telemetry/metrics/top-names.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import type { RequestFinished } from '../../router/request/finished-work.ts';
import { configSchema } from '../../router/config/config-schema.ts';
import { userOf } from '../support/callers/rate-limits.ts';
import { createClock } from '../support/time/clock.ts';

const recorder = new RequestRecorder('r', () => 0);
const REQUEST = { requestId: 'r', method: 'POST', status: 200, ms: 12, bytes: 2, recorder } as const;

function start() {
  const { telemetry } = configSchema.parse({});
  return createTelemetry(telemetry, {
    destination: { write: () => undefined },
    now: () => 1_700_000_000_000,
  });
}

async function samples(registry: Registry, name: string): Promise<readonly string[]> {
  const text = await registry.getSingleMetricAsString(name);
  return text.split('\n').filter((line) => !line.startsWith('#'));
}

test('requests have the labels of OpenTelemetry and, beside them, the old ones', async () => {
  const telemetry = start();
  telemetry.requestFinished({ ...REQUEST, generation: 'g', operationType: 'query' });
  telemetry.requestFinished({ ...REQUEST, method: 'BREW', status: 405, codes: ['METHOD_NOT_ALLOWED'] });
  const counts = await samples(telemetry.metrics, 'http_server_request_duration_seconds');
  expect(counts.filter((line) => line.includes('_count'))).toEqual([
    'http_server_request_duration_seconds_count{http_request_method="POST",http_response_status_code="200",graphql_operation_type="query",status="200",operation="query"} 1',
    'http_server_request_duration_seconds_count{http_request_method="_OTHER",http_response_status_code="405",graphql_operation_type="none",status="405",operation="none"} 1',
  ]);
});

test('responses are counted by outcome, and every outcome is counted from the start', async () => {
  const telemetry = start();
  telemetry.requestFinished({ ...REQUEST, generation: 'g' });
  telemetry.requestFinished({ ...REQUEST, generation: 'g', codes: ['SUBGRAPH_TIMEOUT'] });
  telemetry.requestFinished({ ...REQUEST, generation: 'g', degraded: ['shipping'] });
  telemetry.requestFinished({ ...REQUEST, status: 429, codes: ['RATE_LIMITED'] });
  telemetry.requestFinished({ ...REQUEST, status: 503, codes: ['OVERLOADED'] });
  // For `application/json`, invalid documents have status 200.
  telemetry.requestFinished({ ...REQUEST, codes: ['GRAPHQL_VALIDATION_FAILED'] });
  expect(await samples(telemetry.metrics, 'tributary_responses_total')).toEqual([
    'tributary_responses_total{outcome="ok"} 1',
    'tributary_responses_total{outcome="partial"} 2',
    'tributary_responses_total{outcome="rejected"} 3',
    'tributary_responses_total{outcome="failed"} 0',
  ]);
  telemetry.requestFinished({ ...REQUEST, status: 503, codes: ['NOT_READY'] });
  telemetry.requestFinished({ ...REQUEST, status: 500, codes: ['INTERNAL_SERVER_ERROR'] });
  expect(await samples(telemetry.metrics, 'tributary_responses_total')).toContain(
    'tributary_responses_total{outcome="failed"} 2',
  );
});

function finish(telemetry: ReturnType<typeof start>, event: Partial<RequestFinished>): void {
  telemetry.requestFinished({ ...REQUEST, generation: 'g', operationType: 'query', ...event });
}

describe('10,000 invented names of operations and clients', () => {
  const telemetry = start();
  telemetry.manifestLoaded({ path: 'manifest.json', operations: 1, names: ['Listed', 'Unused'] });
  for (let index = 0; index < 10_000; index += 1) {
    const operationName = index % 4 === 0 ? 'Frequent' : `Invented${index}`;
    const clientName = index % 4 === 0 ? 'web' : `invented-${index}`;
    finish(telemetry, { operationName, clientName, clientVersion: '1' });
  }
  finish(telemetry, { operationName: 'Listed' });
  finish(telemetry, {});
  telemetry.requestFinished({ ...REQUEST, status: 400, codes: ['GRAPHQL_PARSE_FAILED'] });

  test('are one series, beside those of frequent and listed names', async () => {
    const counts = await samples(telemetry.metrics, 'tributary_operation_duration_seconds');
    const byName = counts.filter((line) => line.startsWith('tributary_operation_duration_seconds_count'));
    const label = (name: string, outcome = 'ok') =>
      `tributary_operation_duration_seconds_count{graphql_operation_name="${name}",outcome="${outcome}"}`;
    expect(byName).toEqual([
      // The first uses of a name are counted as others, until it is frequent.
      `${label('other')} 7509`,
      `${label('Frequent')} 2491`,
      `${label('Listed')} 1`,
      `${label('anonymous')} 1`,
      `${label('none', 'rejected')} 1`,
    ]);
  });

  test('of clients too', async () => {
    const label = (name: string, version: string, outcome: string) =>
      `tributary_client_requests_total{client_name="${name}",client_version="${version}",outcome="${outcome}"}`;
    expect(await samples(telemetry.metrics, 'tributary_client_requests_total')).toEqual([
      `${label('other', '', 'ok')} 7509`,
      `${label('web', '1', 'ok')} 2491`,
      `${label('unidentified', '', 'ok')} 2`,
      `${label('unidentified', '', 'rejected')} 1`,
    ]);
  });
});

test('a frequent new operation replaces the least used one, at most ten per hour', async () => {
  const removed: string[] = [];
  const clock = createClock();
  const names = new TopNames({
    max: 20,
    fixed: [],
    other: 'other',
    now: clock.now,
    onRemoved: (name) => removed.push(name),
  });
  const use = (name: string, times: number) => Array.from({ length: times }, () => names.label(name)).at(-1);
  for (let index = 0; index < 20; index += 1) expect(use(`old-${index}`, 10 + index)).toBe(`old-${index}`);
  expect(use('rare', 19)).toBe('other');
  for (let index = 0; index < 15; index += 1)
    expect(use(`new-${index}`, 100)).toBe(index < 10 ? `new-${index}` : 'other');
  expect(removed).toEqual(Array.from({ length: 10 }, (_, index) => `old-${index}`));
  clock.advance(3_600_000);
  expect(use('new-11', 100)).toBe('new-11');
  expect(use('x'.repeat(300), 100)).toBe('other');
});

test('rate-limit rejections are counted by tier and, for a minute, by the ten addresses with most', async () => {
  const clock = createClock();
  const { telemetry: settings } = configSchema.parse({});
  const telemetry = createTelemetry(settings, { destination: { write: () => undefined }, now: clock.now });
  const reject = (clientIp: string, times: number, facts: Partial<RequestFacts> = {}) => {
    const rejected = new RequestRecorder('r', () => 0);
    rejected.note(facts);
    for (let index = 0; index < times; index += 1)
      telemetry.requestFinished({
        ...REQUEST,
        status: 429,
        codes: ['RATE_LIMITED'],
        clientIp,
        recorder: rejected,
      });
  };
  for (let index = 0; index < 5_000; index += 1) reject(`10.1.${index >> 8}.${index & 255}`, 1);
  reject('192.0.2.1', 1_200);
  reject('2001:db8:0:1::1', 40, { identity: userOf('ann', 'gold') });
  reject('2001:db8:0:1::2', 40, { identity: { ...userOf('bob'), tier: undefined } });
  const byAddress = async () => samples(telemetry.metrics, 'tributary_rate_limit_rejections_by_address');
  const label = (address: string) => `tributary_rate_limit_rejections_by_address{address="${address}"}`;
  expect(await byAddress()).toHaveLength(10);
  expect((await byAddress()).slice(0, 2)).toEqual([
    `${label('192.0.2.1')} 1200`,
    `${label('2001:db8:0:1::/64')} 80`,
  ]);
  expect(await samples(telemetry.metrics, 'tributary_rate_limit_rejections_total')).toEqual([
    'tributary_rate_limit_rejections_total{tier="anonymous"} 6200',
    'tributary_rate_limit_rejections_total{tier="gold"} 40',
    'tributary_rate_limit_rejections_total{tier="default"} 40',
  ]);
  clock.advance(60_000);
  expect(await byAddress()).toEqual([]);
});

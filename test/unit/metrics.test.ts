import type { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { configSchema } from '../../router/config/config-schema.ts';

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

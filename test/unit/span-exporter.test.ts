import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { configSchema } from '../../router/config/config-schema.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import type { Schedule } from '../../router/shared/schedule.ts';
import { startMetricsPush } from '../../router/telemetry/metrics/push-metrics.ts';
import { createSpanExporter } from '../../router/telemetry/spans/span-exporter.ts';
import { startTracing } from '../../router/telemetry/spans/tracing.ts';
import { startOtlpReceiver } from '../support/servers/otlp-receiver.ts';
import { until } from '../support/time/until.ts';

const span = (index: number) => ({
  name: `span ${index}`,
  kind: SpanKind.INTERNAL,
  traceId: 'a'.repeat(32),
  spanId: 'b'.repeat(16),
  parentSpanId: undefined,
  start: 1_700_000_000_000.25,
  end: 1_700_000_000_001.5,
  attributes: {},
  status: { code: SpanStatusCode.UNSET },
  links: [],
  events: [],
});

const { telemetry } = configSchema.parse({});
/** Starts timers that fire at once. */
const soon: Schedule = (action) => scheduleTimer(action, 0);

test('keeps a bounded number of spans for a collector that hangs, and ends without waiting for it', async () => {
  await using receiver = await startOtlpReceiver(() => new Promise(() => undefined));
  const exporter = await createSpanExporter(`${receiver.url}/v1/traces`, telemetry, {
    schedule: soon,
    onFailure: () => undefined,
  });
  exporter.add(Array.from({ length: 10_000 }, (_, index) => span(index)));
  expect(await until(() => receiver.spans.length > 0, 10_000)).toBe(true);
  await exporter[Symbol.asyncDispose]();
  // The queue of the SDK has 2,048 places, and one batch of 512 may have left it.
  expect(receiver.spans.length).toBeLessThanOrEqual(2_560);
  expect(exporter.dropped()['queue full']).toBeGreaterThanOrEqual(10_000 - 2_560);
});

test('does not wait for a collector that hangs with the last metrics', async () => {
  await using receiver = await startOtlpReceiver(() => new Promise(() => undefined));
  const settings = {
    ...telemetry,
    metrics: {
      ...telemetry.metrics,
      endpoint: `${receiver.url}/v1/metrics`,
      intervalMs: 600_000,
      timeoutMs: 600_000,
    },
  };
  const push = await startMetricsPush(settings, {
    collect: async () => [],
    log: pino({ enabled: false }),
    now: () => 0,
    version: '1.0.0',
    schedule: soon,
  });
  await push?.[Symbol.asyncDispose]();
  expect(push).toBeDefined();
});

test('converts times to nanoseconds', async () => {
  await using receiver = await startOtlpReceiver();
  {
    await using exporter = await createSpanExporter(`${receiver.url}/v1/traces`, telemetry, {
      schedule: scheduleTimer,
      onFailure: () => undefined,
    });
    exporter.add([span(1)]);
  }
  const [received] = receiver.spans;
  expect([received?.start, received?.end]).toEqual([1_700_000_000_000_250_000n, 1_700_000_000_001_500_000n]);
});

test('reports failures of a collector that is down, but not each of a long outage', async () => {
  const reports: { readonly reason: string; readonly failures: number }[] = [];
  const exporter = await createSpanExporter('http://127.0.0.1:9/v1/traces', telemetry, {
    schedule: scheduleTimer,
    onFailure: (event) => void reports.push(event),
  });
  {
    await using used = exporter;
    used.add(Array.from({ length: 2_000 }, (_, index) => span(index)));
  }
  // Four batches.
  expect(await until(() => reports.length === 3, 10_000)).toBe(true);
  expect(reports.map(({ failures }) => failures)).toEqual([1, 2, 4]);
  expect(reports[0]?.reason).toContain('ECONNREFUSED');
  expect(exporter.dropped()).toEqual({ 'queue full': 0, 'export failed': 2_000 });
});

test('without export, a trace of the client is passed on and another is started, unless that is disabled', async () => {
  const parts = { now: Date.now, monotonic: () => performance.now(), schedule: scheduleTimer, randomBytes };
  const sent = async (otlpEnabled: boolean, headers: Readonly<Record<string, string>>) => {
    const config = { ...telemetry, otlpEnabled };
    await using tracing = await startTracing(config, { ...parts, onExportFailed: () => undefined });
    const begun = tracing.begin(headers);
    return { headers: tracing.callHeaders(begun, undefined).fields, traceId: begun.traceId };
  };
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
  for (const enabled of [true, false])
    expect(await sent(enabled, { traceparent })).toEqual({
      headers: { traceparent },
      traceId: 'a'.repeat(32),
    });
  expect(await sent(false, {})).toEqual({ headers: {}, traceId: undefined });
  const started = await sent(true, {});
  expect(started.headers['traceparent']).toMatch(new RegExp(`^00-${started.traceId}-[\\da-f]{16}-01$`));
});

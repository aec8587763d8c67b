import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { HrTime } from '@opentelemetry/api';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Config } from '../../config/config-schema.ts';
import { messageOf } from '../../shared/error-message.ts';
import { withinFlushTime } from '../../shared/schedule.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { CollectedMetric } from './collected-metric.ts';
import { toMetricData } from './otlp-metrics.ts';

export type MetricsPushParts = {
  readonly collect: () => Promise<readonly CollectedMetric[]>;
  readonly log: Logger;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  /** Version of the router's npm package. */
  readonly version: string;
  readonly schedule: Schedule;
};

/**
 * Pushes the metrics by OTLP at an interval, and once more when it is disposed. The OpenTelemetry SDK is
 * loaded only if a push is configured, because it costs memory and start-up time.
 */
export async function startMetricsPush(
  config: Config['telemetry'],
  { collect, log, now, version, schedule }: MetricsPushParts,
): Promise<AsyncDisposable | undefined> {
  const url = metricsUrl(config);
  if (url === undefined) return undefined;
  const [sdk, { OTLPMetricExporter }, { Resource }] = await Promise.all([
    import('@opentelemetry/sdk-metrics'),
    import('@opentelemetry/exporter-metrics-otlp-proto'),
    import('@opentelemetry/resources'),
  ]);
  const { intervalMs, headers } = config.metrics;
  const timeoutMillis = Math.min(config.metrics.timeoutMs ?? config.otlpTimeoutMs, intervalMs);
  const exporter = new OTLPMetricExporter({
    url,
    headers: { ...config.otlpHeaders, ...headers },
    timeoutMillis,
  });
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: withLoggedFailures(exporter, { url, log }),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMillis,
  });
  const resource = new Resource({
    'service.instance.id': randomUUID(),
    'service.version': version,
    ...config.resourceAttributes,
    'service.name': config.serviceName,
  });
  const startTime = hrTimeOf(now());
  reader.setMetricProducer({
    async collect() {
      const time = { startTime, endTime: hrTimeOf(now()) };
      const metrics = toMetricData(await collect(), time, sdk);
      const scope = { name: 'tributary', version };
      return { resourceMetrics: { resource, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  });
  return { [Symbol.asyncDispose]: () => withinFlushTime(reader.shutdown(), schedule) };
}

/** Returns the URL that metrics are pushed to; undefined if they are not pushed. */
function metricsUrl({ otlpEnabled, otlpEndpoint, metrics }: Config['telemetry']): string | undefined {
  const { endpoint, enabled = endpoint !== undefined } = metrics;
  if (!otlpEnabled || !enabled) return undefined;
  if (endpoint !== undefined || otlpEndpoint === undefined) return endpoint;
  return new URL('v1/metrics', otlpEndpoint.endsWith('/') ? otlpEndpoint : `${otlpEndpoint}/`).href;
}

/**
 * Wraps the exporter of metrics, so that its failures are logged. Of consecutive failures, only number 1, 2,
 * 4, 8 and further powers of two are logged, so that a long outage does not fill the log. The
 * OpenTelemetry SDK reports failures only to its own diagnostics.
 */
function withLoggedFailures(
  exporter: PushMetricExporter,
  { url, log }: { readonly url: string; readonly log: Logger },
): PushMetricExporter {
  let failures = 0;
  const report = (error: Error | undefined) => {
    if (error === undefined && failures > 0) log.info({ url, failures }, 'metrics pushed after failures');
    if (error !== undefined && (failures & (failures + 1)) === 0)
      log.warn({ url, failures: failures + 1, reason: messageOf(error) }, 'metrics could not be pushed');
    failures = error === undefined ? 0 : failures + 1;
  };
  return {
    export: (metrics: ResourceMetrics, done) =>
      exporter.export(metrics, (result) => {
        report(result.error);
        done(result);
      }),
    forceFlush: () => exporter.forceFlush(),
    shutdown: () => exporter.shutdown(),
  };
}

/** Converts milliseconds since 1970 to seconds and nanoseconds. */
function hrTimeOf(milliseconds: number): HrTime {
  return [Math.floor(milliseconds / 1_000), Math.round((milliseconds % 1_000) * 1e6)];
}

import { z } from 'zod';
import { httpUrl, otlpHeaders, otlpTimeoutMs } from './traces-schema.ts';

export const metrics = z
  .strictObject({
    enabled: z
      .boolean({ error: 'must be true or false; OTEL_METRICS_EXPORTER must be otlp, prometheus or none' })
      .optional()
      .describe(
        'Push the metrics by OTLP. Default: true if `telemetry.metrics.endpoint` is set. They are at `/metrics` of the admin port in any case. `OTEL_METRICS_EXPORTER=otlp` sets it to `true`, `none` and `prometheus` to `false`.',
      ),
    endpoint: httpUrl
      .optional()
      .describe(
        'URL that the metrics are pushed to, with its path, such as `http://collector:4318/v1/metrics`. Default: `v1/metrics` below `telemetry.otlpEndpoint`. `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT` overrides it.',
      ),
    headers: otlpHeaders
      .default({})
      .describe(
        'Headers of requests with metrics, in addition to `telemetry.otlpHeaders`. `OTEL_EXPORTER_OTLP_METRICS_HEADERS` overrides it.',
      ),
    timeoutMs: otlpTimeoutMs
      .optional()
      .describe(
        'Timeout of a push. Default: `telemetry.otlpTimeoutMs`. `OTEL_EXPORTER_OTLP_METRICS_TIMEOUT` overrides it.',
      ),
    intervalMs: z
      .int()
      .min(1)
      .max(3_600_000)
      .default(60_000)
      .describe('Interval between two pushes. `OTEL_METRIC_EXPORT_INTERVAL` overrides it.'),
  })
  .prefault({});

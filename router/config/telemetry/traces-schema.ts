import { z } from 'zod';
import { HEADER_NAME, HEADER_VALUE } from '../../shared/http/header-syntax.ts';
import { isSetByRouter } from '../../shared/http/protected-headers.ts';
import { SECRET } from '../yaml/secret.ts';

export const httpUrl = z.url({ protocol: /^https?$/ });

const PAIRS = 'must be names with values; in an environment variable `name=value,name2=value2`';

// Headers of OTLP requests. One check covers the whole record, because an error message about a single value
// would show the value, which may be a secret.
export const otlpHeaders = z
  .record(z.string(), z.string().meta(SECRET), { error: PAIRS })
  .refine(
    (headers) =>
      Object.entries(headers).every(([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value)),
    'must be names and values of HTTP headers',
  );

export const otlpTimeoutMs = z.int().min(1).max(600_000);

/** Keys of `telemetry` that apply to everything that is sent by OTLP: spans and metrics. */
export const otlpKeys = {
  otlpEnabled: z
    .boolean()
    .default(true)
    .describe(
      'Send telemetry by OTLP to the configured endpoints. `OTEL_SDK_DISABLED=true` sets it to `false`, and then no trace ids are created either.',
    ),
  otlpEndpoint: httpUrl
    .optional()
    .describe(
      'OTLP endpoint (HTTP, protobuf) that telemetry is sent to: spans to its path `v1/traces`, metrics to `v1/metrics` if `telemetry.metrics.enabled` is true. `OTEL_EXPORTER_OTLP_ENDPOINT` overrides it. Without it, nothing is sent.',
    ),
  otlpHeaders: otlpHeaders
    .default({})
    .describe(
      'Headers of requests to OTLP endpoints, such as an API key. `OTEL_EXPORTER_OTLP_HEADERS` overrides it.',
    ),
  otlpProtocol: z
    .literal('http/protobuf')
    .default('http/protobuf')
    .describe('Protocol of OTLP; there is only one. `OTEL_EXPORTER_OTLP_PROTOCOL` overrides it.'),
  otlpTimeoutMs: otlpTimeoutMs
    .default(10_000)
    .describe('Timeout of a request to an OTLP endpoint. `OTEL_EXPORTER_OTLP_TIMEOUT` overrides it.'),
  serviceName: z
    .string()
    .min(1)
    .default('tributary')
    .describe('`service.name` of spans and metrics. `OTEL_SERVICE_NAME` overrides it.'),
  resourceAttributes: z
    .record(z.string().min(1), z.string(), { error: PAIRS })
    .default({})
    .describe(
      'Further attributes of all spans and metrics, such as `deployment.environment.name`. `OTEL_RESOURCE_ATTRIBUTES` overrides it.',
    ),
};

const sampling = z
  .strictObject({
    ratio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe(
        'Share of traces that is sampled when they start at the router. `OTEL_TRACES_SAMPLER_ARG` overrides it.',
      ),
    parentBased: z
      .boolean({
        error:
          'must be true or false; OTEL_TRACES_SAMPLER must be always_on, always_off or traceidratio, or one of them after parentbased_',
      })
      .default(true)
      .describe(
        'Follow the sampling decision in the headers of the client, if there is one. `OTEL_TRACES_SAMPLER` overrides it.',
      ),
    keep: z
      .array(z.enum(['slow', 'failed', 'degraded']))
      .default(['slow', 'failed', 'degraded'])
      .describe(
        'Requests whose spans are exported although their trace is not sampled: slower than `slowMs`, failed with a status of 500 or above or an error code of that kind, or with degraded data in the response.',
      ),
    slowMs: z.int().min(1).default(1_000).describe('Duration of a request from which it is slow.'),
  })
  .prefault({});

export const traces = z
  .strictObject({
    enabled: z
      .boolean({ error: 'must be true or false; OTEL_TRACES_EXPORTER must be otlp or none' })
      .default(true)
      .describe('Export spans if there is an endpoint. `OTEL_TRACES_EXPORTER=none` sets it to `false`.'),
    endpoint: httpUrl
      .optional()
      .describe(
        'URL that spans are sent to, with its path. Default: `v1/traces` below `telemetry.otlpEndpoint`. `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` overrides it.',
      ),
    headers: otlpHeaders
      .default({})
      .describe(
        'Headers of requests with spans, in addition to `telemetry.otlpHeaders`. `OTEL_EXPORTER_OTLP_TRACES_HEADERS` overrides it.',
      ),
    timeoutMs: otlpTimeoutMs
      .optional()
      .describe(
        'Timeout of a request with spans. Default: `telemetry.otlpTimeoutMs`. `OTEL_EXPORTER_OTLP_TRACES_TIMEOUT` overrides it.',
      ),
    propagators: z
      .array(z.enum(['tracecontext', 'baggage', 'b3', 'b3multi', 'none']))
      .default(['tracecontext'])
      .describe(
        'Headers that a trace is read from and written to: `tracecontext` (W3C), `b3` (one header), `b3multi` (several headers), and `baggage`. If several are received, the last one in this list wins. `OTEL_PROPAGATORS` overrides it.',
      ),
    sampling,
    responseHeader: z
      .string()
      .regex(HEADER_NAME, 'must be the name of a header')
      .refine((name) => !isSetByRouter(name), {
        message: 'is a header that has another meaning in responses; use a name such as `x-trace-id`',
      })
      .optional()
      .describe('Response header with the id of the trace, such as `x-trace-id`. Default: none.'),
  })
  .prefault({});

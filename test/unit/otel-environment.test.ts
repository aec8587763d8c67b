import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';

type Env = Readonly<Record<string, string>>;

const read = (env: Env, text = '') =>
  parseConfig(text, { env, fileName: 'router.yaml', directory: '/' }).telemetry;

const problem = (env: Env): string => {
  try {
    read(env);
  } catch (error) {
    return (error as Error).message;
  }
  return '';
};

describe('the standard OTEL_* variables', () => {
  test('replace the configuration of the file', () => {
    const file =
      'telemetry: { otlpEndpoint: "http://a:1", serviceName: a, traces: { propagators: [b3multi], sampling: { ratio: 0.5, slowMs: 7 } } }';
    expect(
      read(
        {
          OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
          OTEL_EXPORTER_OTLP_HEADERS: 'api-key=a%20b, x=1',
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
          OTEL_EXPORTER_OTLP_TIMEOUT: '500',
          OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://traces:4318/custom',
          OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x=2',
          OTEL_EXPORTER_OTLP_TRACES_TIMEOUT: '900',
          OTEL_PROPAGATORS: 'tracecontext, baggage,b3,b3',
          OTEL_SERVICE_NAME: 'shop-router',
          OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=ignored',
          OTEL_TRACES_EXPORTER: 'otlp',
          OTEL_METRICS_EXPORTER: 'otlp',
          OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://metrics:4318/v1/metrics',
          OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x=3',
          OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '700',
          OTEL_METRIC_EXPORT_INTERVAL: '10000',
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: '0.25',
        },
        file,
      ),
    ).toMatchObject({
      otlpEnabled: true,
      otlpEndpoint: 'http://collector:4318',
      otlpHeaders: { 'api-key': 'a b', x: '1' },
      otlpTimeoutMs: 500,
      serviceName: 'shop-router',
      resourceAttributes: { 'deployment.environment.name': 'test' },
      traces: {
        enabled: true,
        endpoint: 'http://traces:4318/custom',
        headers: { x: '2' },
        timeoutMs: 900,
        propagators: ['tracecontext', 'baggage', 'b3'],
        sampling: { ratio: 0.25, parentBased: true, slowMs: 7 },
      },
      metrics: {
        enabled: true,
        endpoint: 'http://metrics:4318/v1/metrics',
        headers: { x: '3' },
        timeoutMs: 700,
        intervalMs: 10_000,
      },
    });
  });

  test('without a value change nothing', () => {
    const empty = { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_SAMPLER: ' ', OTEL_PROPAGATORS: '' };
    expect(read(empty)).toEqual(read({}));
    expect(read({}).traces).toMatchObject({
      propagators: ['tracecontext'],
      sampling: { ratio: 1, parentBased: true, keep: ['slow', 'failed', 'degraded'], slowMs: 1_000 },
    });
  });

  test.each([
    ['always_on', { parentBased: false, ratio: 1 }],
    ['always_off', { parentBased: false, ratio: 0, keep: [] }],
    ['traceidratio', { parentBased: false, ratio: 0.1, keep: ['slow', 'failed', 'degraded'] }],
    ['parentbased_always_on', { parentBased: true, ratio: 1 }],
    ['parentbased_always_off', { parentBased: true, ratio: 0, keep: [] }],
    ['parentbased_traceidratio', { parentBased: true, ratio: 0.1 }],
  ])('choose the sampler %s', (sampler, expected) => {
    const { traces } = read({ OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0.1' });
    expect(traces.sampling).toMatchObject(expected);
  });

  test('take the name of the service from the resource attributes, and can disable everything', () => {
    expect(read({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=a,b=c' })).toMatchObject({ serviceName: 'a' });
    expect(read({ OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'none' })).toMatchObject({
      otlpEnabled: false,
      traces: { enabled: false },
    });
  });

  test.each<[string, string, string]>([
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318', 'telemetry.otlpEndpoint'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'grpc://collector', 'telemetry.traces.endpoint'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'telemetry.otlpProtocol'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'secret', 'telemetry.otlpHeaders'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz', 'telemetry.otlpHeaders'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=secret%0d%0ab', 'telemetry.otlpHeaders'],
    ['OTEL_EXPORTER_OTLP_TIMEOUT', '10s', 'telemetry.otlpTimeoutMs'],
    ['OTEL_PROPAGATORS', 'tracecontext,xray', 'telemetry.traces.propagators.1'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'a', 'telemetry.resourceAttributes'],
    ['OTEL_TRACES_EXPORTER', 'zipkin', 'telemetry.traces.enabled'],
    ['OTEL_METRICS_EXPORTER', 'console', 'telemetry.metrics.enabled'],
    ['OTEL_METRIC_EXPORT_INTERVAL', '1m', 'telemetry.metrics.intervalMs'],
    ['OTEL_TRACES_SAMPLER', 'xray', 'telemetry.traces.sampling.parentBased'],
  ])('are rejected by name: %s=%s', (name, value, path) => {
    expect(problem({ [name]: value })).toContain(`environment variable ${name}: ${path}: `);
    expect(problem({ [name]: value })).not.toContain('secret');
  });

  test('are rejected by name: a ratio of the sampler that is no share', () => {
    for (const share of ['2', 'half', '-1'])
      expect(problem({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: share })).toContain(
        'environment variable OTEL_TRACES_SAMPLER_ARG: telemetry.traces.sampling.ratio: ',
      );
  });
});

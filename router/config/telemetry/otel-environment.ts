import type { Environment, Override } from '../yaml/read-yaml.ts';

type Setting = {
  readonly name: string;
  readonly path: readonly string[];
  readonly read: (text: string) => unknown;
};

const SETTINGS: readonly Setting[] = [
  { name: 'OTEL_SDK_DISABLED', path: ['otlpEnabled'], read: (text) => !isTrue(text) },
  { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', path: ['otlpEndpoint'], read: String },
  { name: 'OTEL_EXPORTER_OTLP_HEADERS', path: ['otlpHeaders'], read: readPairs },
  { name: 'OTEL_EXPORTER_OTLP_PROTOCOL', path: ['otlpProtocol'], read: String },
  { name: 'OTEL_EXPORTER_OTLP_TIMEOUT', path: ['otlpTimeoutMs'], read: readNumber },
  { name: 'OTEL_SERVICE_NAME', path: ['serviceName'], read: String },
  { name: 'OTEL_RESOURCE_ATTRIBUTES', path: ['resourceAttributes'], read: readPairs },
  { name: 'OTEL_TRACES_EXPORTER', path: ['traces', 'enabled'], read: readExporter },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', path: ['traces', 'endpoint'], read: String },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', path: ['traces', 'headers'], read: readPairs },
  { name: 'OTEL_EXPORTER_OTLP_TRACES_TIMEOUT', path: ['traces', 'timeoutMs'], read: readNumber },
  { name: 'OTEL_METRICS_EXPORTER', path: ['metrics', 'enabled'], read: readMetricsExporter },
  { name: 'OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', path: ['metrics', 'endpoint'], read: String },
  { name: 'OTEL_EXPORTER_OTLP_METRICS_HEADERS', path: ['metrics', 'headers'], read: readPairs },
  { name: 'OTEL_EXPORTER_OTLP_METRICS_TIMEOUT', path: ['metrics', 'timeoutMs'], read: readNumber },
  { name: 'OTEL_METRIC_EXPORT_INTERVAL', path: ['metrics', 'intervalMs'], read: readNumber },
  { name: 'OTEL_PROPAGATORS', path: ['traces', 'propagators'], read: readList },
];

/**
 * Returns the configuration values for the standard `OTEL_*` variables
 * (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/). An invalid value stays
 * as it is, so that the schema rejects it and the message names the variable.
 */
export function otelOverrides(env: Environment): readonly Override[] {
  const settings = SETTINGS.flatMap(({ name, path, read }) => {
    const text = env[name]?.trim() ?? '';
    return text === '' ? [] : [override(name, path, read(text))];
  });
  return [...serviceNameOverride(env), ...settings, ...samplerOverrides(env)];
}

function override(name: string, path: readonly string[], value: unknown): Override {
  return { name, path: ['telemetry', ...path], value };
}

/**
 * Reads `service.name` from `OTEL_RESOURCE_ATTRIBUTES`, which counts only if `OTEL_SERVICE_NAME` is not set.
 */
function serviceNameOverride(env: Environment): readonly Override[] {
  const attributes = readPairs(env['OTEL_RESOURCE_ATTRIBUTES'] ?? '');
  const name = typeof attributes === 'string' ? undefined : attributes['service.name'];
  const isReplaced = (env['OTEL_SERVICE_NAME'] ?? '').trim() !== '';
  if (name === undefined || isReplaced) return [];
  return [override('OTEL_RESOURCE_ATTRIBUTES', ['serviceName'], name)];
}

/**
 * Converts `OTEL_TRACES_SAMPLER` to the sampling settings of the configuration. With `always_off` nothing is
 * exported, not even slow or failed requests. The name of an unknown sampler is passed on to the schema,
 * which rejects it.
 */
function samplerOverrides(env: Environment): readonly Override[] {
  const sampler = env['OTEL_TRACES_SAMPLER']?.trim() ?? '';
  if (sampler === '') return [];
  const [, parent, base = ''] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(sampler) ?? [];
  const of = (key: string, value: unknown, name = 'OTEL_TRACES_SAMPLER') =>
    override(name, ['traces', 'sampling', key], value);
  if (base === '') return [of('parentBased', sampler)];
  const parentBased = of('parentBased', parent !== undefined);
  if (base === 'always_on') return [parentBased, of('ratio', 1)];
  if (base === 'always_off') return [parentBased, of('ratio', 0), of('keep', [])];
  const share = env['OTEL_TRACES_SAMPLER_ARG']?.trim() ?? '';
  return [parentBased, of('ratio', share === '' ? 1 : readNumber(share), 'OTEL_TRACES_SAMPLER_ARG')];
}

function isTrue(text: string): boolean {
  return text.toLowerCase() === 'true';
}

// Converts digits to a number. Returns any other text unchanged, so that the error message can show it.
function readNumber(text: string): unknown {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function readExporter(text: string): unknown {
  if (text === 'none') return false;
  return text === 'otlp' ? true : text;
}

/**
 * Converts `OTEL_METRICS_EXPORTER` to a setting: whether metrics are pushed by OTLP. They are not pushed for
 * `prometheus`, because metrics can always be read in the Prometheus format.
 */
function readMetricsExporter(text: string): unknown {
  return text === 'prometheus' ? false : readExporter(text);
}

function readList(text: string): readonly string[] {
  return [...new Set(text.split(',').map((item) => item.trim()))];
}

/**
 * Reads `name=value,name2=value2` with percent-encoded values. Returns any other text unchanged, so that the
 * schema rejects it.
 */
function readPairs(text: string): string | Record<string, string> {
  const pairs: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const separator = pair.indexOf('=');
    const name = pair.slice(0, separator).trim();
    const value = decoded(pair.slice(separator + 1).trim());
    if (separator < 0 || name === '' || value === undefined) return '';
    pairs[name] = value;
  }
  return pairs;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

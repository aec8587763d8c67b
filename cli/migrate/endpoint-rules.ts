import { isRecord } from '../../router/shared/is-record.ts';
import { isExpanded, readAddress, readOriginPattern } from './apollo-values.ts';
import {
  bytes,
  dropped,
  inverted,
  left,
  milliseconds,
  note,
  same,
  seconds,
  setting,
  unsupported,
  unsupportedUnlessOff,
} from './translation.ts';
import type { Result, Rule, Translate } from './translation.ts';

/** Rules for what clients and operators connect to. */
export const ENDPOINT_RULES: readonly Rule[] = [
  ['supergraph.listen', address('listen')],
  ['supergraph.path', path],
  ['supergraph.introspection', same('supergraph.introspection')],
  ['supergraph.query_planning.cache.in_memory.limit', same('planning.cacheEntries')],
  ['supergraph.query_planning.warmed_up_queries', same('supergraph.warmOperations')],
  [
    'supergraph.query_planning',
    unsupported('plans are not shared over Redis; `planning` limits time and memory'),
  ],
  ['supergraph.defer_support', unsupportedUnlessOff('@defer is not supported')],
  [
    'supergraph.early_cancel',
    (value) => (value === true ? [] : [note('requests whose client has gone are always cancelled')]),
  ],
  ['supergraph.generate_query_fragments', dropped],
  ['supergraph.log_on_broken_pipe', dropped],
  ['health_check.listen', address('health')],
  ['health_check.enabled', dropped],
  ['health_check.path', healthPath],
  [
    'health_check.readiness',
    unsupported('a router that rejects requests for overload stays ready; see `overload`'),
  ],
  ['homepage', dropped],
  ['sandbox.enabled', same('sandbox.enabled')],
  ['server.http.header_read_timeout', milliseconds('listen.headersTimeoutMs')],
  ['server', unsupported('see the keys of `listen`')],
  [
    'tls.supergraph',
    unsupported('the router serves plain HTTP: terminate TLS in a load balancer, as deploy/haproxy.cfg does'),
  ],
  ['cors.allow_any_origin', (value) => (value === true ? [setting('cors.origins', ['*'])] : [])],
  ['cors.origins', same('cors.origins')],
  ['cors.match_origins', originPatterns],
  ['cors.policies', policies],
  ['cors.allow_credentials', same('cors.credentials')],
  [
    'cors.allow_headers',
    (value) => (Array.isArray(value) && value.length === 0 ? [] : [setting('cors.allowedHeaders', value)]),
  ],
  ['cors.max_age', seconds('cors.maxAgeS')],
  ['cors.methods', methods],
  ['cors.expose_headers', unsupported('pages may read the standard response headers only')],
  ['csrf.required_headers', same('csrf.requiredHeaders')],
  ['csrf.unsafe_disabled', inverted('csrf.enabled')],
  ['telemetry.exporters.metrics.prometheus.listen', address('admin')],
  ['telemetry.exporters.metrics.prometheus.enabled', same('admin.enabled')],
  ['telemetry.exporters.metrics.prometheus.path', metricsPath],
  [
    'telemetry.exporters.metrics',
    unsupported(
      'Prometheus reads metrics from /metrics on the admin port; they have other names and buckets',
    ),
  ],
  ['telemetry.exporters.tracing.otlp', otlp],
  ['telemetry.exporters.tracing.common.service_name', same('telemetry.serviceName')],
  ['telemetry.exporters.tracing.common', unsupported('every request is traced; sample in the collector')],
  [
    'telemetry.exporters.tracing.propagation.trace_context',
    (value) => (value === false ? [note('trace context (W3C) is always propagated')] : []),
  ],
  [
    'telemetry.exporters.tracing',
    unsupported('traces are exported by OTLP over HTTP: use an OpenTelemetry collector'),
  ],
  [
    'telemetry.exporters.logging.stdout.enabled',
    (value) => (value === false ? [setting('telemetry.logLevel', 'silent')] : []),
  ],
  ['telemetry.exporters.logging.stdout.format', logFormat],
  ['telemetry.exporters.logging.common', unsupported('fields of log lines are fixed')],
  ['telemetry.exporters.logging', unsupported('logs go to stdout, as JSON or text (`telemetry.logFormat`)')],
  ['telemetry.instrumentation', unsupported('spans, metrics and log fields are fixed')],
  ['telemetry.apollo', unsupported('nothing is reported to Apollo')],
];

function address(section: 'listen' | 'health' | 'admin'): Translate {
  return (value) => {
    if (isExpanded(value)) return [left(`comes from an expansion: set ${section}.host and ${section}.port`)];
    const read = readAddress(value);
    if (read === undefined) return [left('is not HOST:PORT; Unix sockets are not supported')];
    return [setting(`${section}.host`, read.host), setting(`${section}.port`, read.port)];
  };
}

function path(value: unknown): readonly Result[] {
  const hasPattern = typeof value === 'string' && /[{}*:]/.test(value.replaceAll(/\$\{[^}]*\}/g, ''));
  return hasPattern
    ? [left('has a pattern, and `listen.path` is one path')]
    : [setting('listen.path', value)];
}

function originPatterns(value: unknown): readonly Result[] {
  if (!Array.isArray(value)) return [left('is not a list')];
  return value.map((pattern, index) => {
    const origin = readOriginPattern(String(pattern));
    return origin === undefined
      ? left(
          'is a regular expression: name the origins in cors.origins, where https://*.HOST matches subdomains',
          [index],
        )
      : setting('cors.origins', [origin], [], [index]);
  });
}

/**
 * Translates CORS policies, each with origins of its own, into one list of origins. The other keys of a
 * policy are translated if it is the only one, because the keys of `cors` apply to all origins.
 */
function policies(value: unknown): readonly Result[] {
  if (!Array.isArray(value)) return [left('is not a list')];
  const translate = value.length === 1 ? onlyPolicyKey : oneOfPoliciesKey;
  return value.flatMap((policy: unknown, index) =>
    isRecord(policy) ? policyResults(policy, index, translate) : [],
  );
}

type TranslateKey = (key: string, value: unknown) => readonly Result[];

function policyResults(
  policy: Record<string, unknown>,
  index: number,
  translate: TranslateKey,
): readonly Result[] {
  return Object.entries(policy).flatMap(([key, value]) =>
    translate(key, value).map((result) => ({ ...result, at: [index, key, ...(result.at ?? [])] })),
  );
}

const oneOfPoliciesKey: TranslateKey = (key, value) => {
  if (key === 'origins') return [setting('cors.origins', value)];
  if (key === 'match_origins') return originPatterns(value);
  return [left('applies to one policy, and the keys of `cors` apply to all origins')];
};

/** In a policy these keys have the same meaning as directly in `cors`. */
const onlyPolicyKey: TranslateKey = (key, value) => {
  const rule = ENDPOINT_RULES.find(([pattern]) => pattern === `cors.${key}`);
  return rule?.[1](value, []) ?? [left('is not a key that this command knows')];
};

function methods(value: unknown): readonly Result[] {
  const isDefault =
    Array.isArray(value) &&
    value.every((method) => ['GET', 'POST', 'OPTIONS', 'HEAD'].includes(String(method)));
  return isDefault ? [] : [left('methods are GET and POST')];
}

function healthPath(value: unknown): readonly Result[] {
  if (value === '/health') return [note('/health is readiness: let liveness probes request /livez')];
  return [left('paths are fixed: change the probes to /livez and /readyz')];
}

function metricsPath(value: unknown): readonly Result[] {
  return value === '/metrics'
    ? []
    : [left('the path of metrics is /metrics: change the scrape configuration')];
}

function otlp(value: unknown): readonly Result[] {
  if (!isRecord(value) || value['enabled'] === false) return [];
  const { endpoint, protocol = 'grpc', enabled: _, ...others } = value;
  const rest = Object.keys(others).map((key) => left('has no counterpart', [key]));
  if (protocol !== 'http')
    return [
      left(
        'gRPC is not supported: set telemetry.otlpEndpoint to the HTTP address of the collector, often port 4318',
        ['endpoint'],
      ),
      ...rest,
    ];
  return [setting('telemetry.otlpEndpoint', endpoint, [], ['endpoint']), ...rest];
}

function logFormat(value: unknown): readonly Result[] {
  const name = isRecord(value) ? Object.keys(value)[0] : value;
  const options = isRecord(value) ? [note('fields of log lines are fixed')] : [];
  if (name === 'json' || name === 'text') return [setting('telemetry.logFormat', name), ...options];
  return [left('the formats are json and text')];
}

export const LIMIT_RULES: readonly Rule[] = ['limits', 'limits.router'].flatMap(
  (section): readonly Rule[] => [
    [`${section}.http_max_request_bytes`, bytes('limits.bodyBytes')],
    [`${section}.http1_max_request_buf_size`, bytes('limits.headerBytes')],
    [
      `${section}.http1_max_request_headers`,
      unsupported('`limits.headerBytes` limits the size of all headers'),
    ],
    [`${section}.max_depth`, same('limits.depth')],
    [`${section}.max_aliases`, same('limits.aliases')],
    [`${section}.max_root_fields`, same('limits.rootFields')],
    [
      `${section}.max_height`,
      unsupported('`limits.selections` limits the number of fields after expanding fragments'),
    ],
    [`${section}.max_recursive_selections`, same('limits.selections')],
    [`${section}.parser_max_tokens`, same('limits.tokens')],
    [`${section}.parser_max_recursion`, unsupported('`limits.depth` and `limits.tokens` limit nesting')],
    [`${section}.introspection_max_depth`, dropped],
    [
      `${section}.warn_only`,
      (value) =>
        value === true
          ? [left('limits always reject; raise them first, and watch the metric tributary_errors_total')]
          : [],
    ],
  ],
);

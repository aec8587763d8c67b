import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { APOLLO_RULES } from '../../cli/migrate/apollo-rules.ts';
import { migrateApolloConfig } from '../../cli/migrate/migrate-config.ts';
import { parseConfig } from '../../router/config/config.ts';
import { readPage } from '../support/processes/documentation.ts';

/** Returns what a file adds to the configuration of an empty one, which has defaults that differ. */
function translated(text: string): object {
  const configurationOf = (source: string): unknown =>
    parse(migrateApolloConfig(source, 'apollo.yaml').configuration);
  return difference(configurationOf(text), configurationOf('{}'));
}

function difference(value: unknown, base: unknown): object {
  const entries = Object.entries(Object(value)).flatMap(([key, inner]): [string, unknown][] => {
    const other: unknown = Reflect.get(Object(base), key);
    if (JSON.stringify(inner) === JSON.stringify(other)) return [];
    const isNested = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    return [[key, isNested ? difference(inner, other) : inner]];
  });
  return Object.fromEntries(entries);
}

const reasons = (text: string) =>
  migrateApolloConfig(text, 'apollo.yaml').notTranslated.map(
    ({ line, key, text: reason }) => `${line}: ${key}: ${reason}`,
  );

describe('a key that is a property of all objects', () => {
  it.each([
    ['traffic_shaping: { subgraphs: { __proto__: { timeout: 5s } } }', '      timeoutMs: 5000'],
    ['override_subgraph_url: { __proto__: "http://a.example" }', '        - http://a.example'],
    ['headers: { subgraphs: { __proto__: { request: [{ propagate: { named: x-a } }] } } }', 'named: x-a'],
  ])('is translated as a name of a subgraph: %s', (text, expected) => {
    const { configuration, notTranslated } = migrateApolloConfig(text, 'apollo.yaml');
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(notTranslated).toEqual([]);
    expect(configuration).toContain('    __proto__:\n');
    expect(configuration).toContain(expected);
  });
});

describe('a configuration of Apollo Router is translated', () => {
  it.each<[string, object]>([
    ['supergraph: { listen: "[::1]:5000" }', { listen: { host: '::1', port: 5000 } }],
    [
      'supergraph: { listen: "127.0.0.1:5000", path: /api }',
      { listen: { host: '127.0.0.1', port: 5000, path: '/api' } },
    ],
    ['supergraph: { introspection: true }', { supergraph: { introspection: true } }],
    ['health_check: { listen: "0.0.0.0:9000" }', { health: { host: '0.0.0.0', port: 9000 } }],
    ['cors: { allow_any_origin: true, max_age: 1h 30m }', { cors: { origins: ['*'], maxAgeS: 5400 } }],
    [
      'cors: { origins: [https://a.example], allow_headers: [] }',
      { cors: { origins: ['https://a.example'] } },
    ],
    [
      String.raw`cors: { match_origins: ['^https://([a-z0-9]+[.])*api[.]example[.]com$', '^https://.*\.a\.example$'] }`,
      { cors: { origins: ['https://*.api.example.com', 'https://*.a.example'] } },
    ],
    [
      'cors: { policies: [{ origins: [https://a.example], allow_headers: [x-a], allow_credentials: true, methods: [GET] }], max_age: 1h }',
      {
        cors: {
          origins: ['https://a.example'],
          allowedHeaders: ['x-a'],
          credentials: true,
          maxAgeS: 3600,
        },
      },
    ],
    ['csrf: { unsafe_disabled: true }', { csrf: { enabled: false } }],
    [
      'limits: { router: { max_depth: 9, http1_max_request_buf_size: 400kib } }',
      { limits: { depth: 9, headerBytes: 409_600 } },
    ],
    ['limits: { max_depth: "${env.DEPTH:-9}" }', { limits: { depth: '${env.DEPTH:-9}' } }],
    ['traffic_shaping: { router: { timeout: 250ms } }', { traffic: { deadlineMs: 250 } }],
    [
      'traffic_shaping: { all: { timeout: { secs: 2, nanos: 500000000 } } }',
      { traffic: { all: { timeoutMs: 2500 } } },
    ],
    [
      'traffic_shaping: { subgraphs: { a.b: { timeout: 3s } } }',
      { traffic: { subgraphs: { 'a.b': { timeoutMs: 3000 } } } },
    ],
    [
      'override_subgraph_url: { a: http://a:1/graphql }',
      { traffic: { subgraphs: { a: { urls: ['http://a:1/graphql'] } } } },
    ],
    ['include_subgraph_errors: { all: true }', { response: { subgraphErrorMessages: 'pass' } }],
    [
      'include_subgraph_errors: { all: { redact_message: true, allow_extensions_keys: [code, retry] } }',
      { response: { errorExtensions: ['code', 'retry'] } },
    ],
    ['authorization: { directives: { dry_run: true } }', { authorization: { mode: 'dry-run' } }],
    ['apq: { enabled: false }', { persistedOperations: { automatic: { enabled: false } } }],
    [
      'persisted_queries: { enabled: true, local_manifests: [m.json], safelist: { enabled: true } }',
      { persistedOperations: { manifest: 'm.json', safelist: 'enforce' } },
    ],
    ['persisted_queries: { enabled: false, safelist: { enabled: true } }', {}],
    [
      'telemetry: { exporters: { logging: { stdout: { format: { json: {} } } } } }',
      { telemetry: { logFormat: 'json' } },
    ],
    ['subscription: { enabled: false }\nbatching: { enabled: false }\nrhai: null\nplugins: {}', {}],
  ])('%s', (text, expected) => {
    expect(translated(text)).toEqual(expected);
    expect(reasons(text)).toEqual([]);
  });
});

describe('what has no counterpart is listed with its line', () => {
  it.each<[string, readonly string[]]>([
    [
      'supergraph:\n  listen: /tmp/router.sock',
      ['2: supergraph.listen: is not HOST:PORT; Unix sockets are not supported'],
    ],
    [
      'supergraph: { listen: "${env.LISTEN}" }',
      ['1: supergraph.listen: comes from an expansion: set listen.host and listen.port'],
    ],
    [
      'coprocessor:\n  url: http://a',
      [
        '1: coprocessor: coprocessors are not supported; `headers`, `authentication` and `authorization` cover common ones',
      ],
    ],
    [
      'limits: { warn_only: true }',
      [
        '1: limits.warn_only: limits always reject; raise them first, and watch the metric tributary_errors_total',
      ],
    ],
    [
      'traffic_shaping:\n  all:\n    timeout: soon',
      ['3: traffic_shaping.all.timeout: is not a duration such as 30s'],
    ],
    ['unknown_plugin: { a: 1 }', ['1: unknown_plugin: is not a key that this command knows']],
    ['supergraph: { surprise: 1 }', ['1: supergraph.surprise: is not a key that this command knows']],
    [
      'telemetry: { exporters: { tracing: { otlp: { enabled: true, endpoint: "http://a:4317" } } } }',
      [
        '1: telemetry.exporters.tracing.otlp.endpoint: gRPC is not supported: set telemetry.otlpEndpoint to the HTTP address of the collector, often port 4318',
      ],
    ],
    // The router would reject these values.
    ['limits:\n  max_depth: 0', ['2: limits.max_depth: limits.depth: Too small: expected number to be >=1']],
    [
      'cors:\n  allow_any_origin: true\n  allow_credentials: true',
      [
        '2: cors.allow_any_origin: cors.origins: credentials cannot be combined with the origin *; name the origins',
      ],
    ],
    [
      'headers: { all: { request: [{ remove: { named: x-a } }, { propagate: { named: X-Tenant } }] } }',
      [
        '1: headers.all.request.1: the header x-tenant is protected, rules cannot change it: send the value under another name',
      ],
    ],
    [
      'authorization: { require_authentication: true }',
      [
        '1: authorization.require_authentication: authentication.required: requires at least one issuer, because no token could be accepted without one',
      ],
    ],
  ])('%s', (text, expected) => {
    expect(reasons(text)).toEqual(expected);
    const { configuration } = migrateApolloConfig(text, 'apollo.yaml');
    expect(() =>
      parseConfig(configuration, { env: {}, fileName: 'router.yaml', directory: '/' }),
    ).not.toThrow();
  });

  it.each([
    'include_subgraph_errors: { subgraphs: { a: true } }',
    'include_subgraph_errors: { all: }',
    'limits:',
  ])('keeps the defaults of Apollo Router for keys without a value: %s', (text) => {
    expect(parse(migrateApolloConfig(text, 'a.yaml').configuration)).toEqual(
      parse(migrateApolloConfig('{}', 'a.yaml').configuration),
    );
  });

  it('reports each expansion on which the result would depend', () => {
    const { configuration, notTranslated } = migrateApolloConfig(
      `cors: { allow_any_origin: "\${env.ANY}" }
persisted_queries: { enabled: true, local_manifests: ["\${env.M}"], safelist: { enabled: "\${env.SAFE}" } }
demand_control: { enabled: "\${env.COST}", strategy: { static_estimated: { max: 100 } } }
authorization: { directives: { reject_unauthorized: "\${env.REJECT}" } }
include_subgraph_errors: { all: { redact_message: "\${env.MASK}" } }
homepage: { enabled: "\${env.HOME_PAGE}" }
response_cache: { enabled: false, url: "\${env.REDIS}" }
`,
      'a.yaml',
    );
    expect(notTranslated.map(({ key }) => key)).toEqual([
      'cors.allow_any_origin',
      'persisted_queries.safelist.enabled',
      'demand_control.enabled',
      'authorization.directives.reject_unauthorized',
      'include_subgraph_errors.all.redact_message',
    ]);
    expect(parse(configuration)).toMatchObject({
      persistedOperations: { manifest: '${env.M}' },
      response: { subgraphErrorMessages: 'mask' },
    });
  });

  it('rejects a file that is not YAML, with the line', () => {
    expect(() => migrateApolloConfig('supergraph:\n  a: [', 'apollo.yaml')).toThrow(/^apollo.yaml:2: /);
    expect(() => migrateApolloConfig('- a', 'apollo.yaml')).toThrow('apollo.yaml: is not a map');
    expect(() => migrateApolloConfig('cors:\n  origins: [*x]', 'apollo.yaml')).toThrow(
      /^apollo.yaml:2: the alias \*x/,
    );
  });

  it('rejects a file that is a configuration of Tributary already', () => {
    const message = 'router.yaml: is a configuration of Tributary already; check it with tributary validate';
    for (const text of [
      'listen: { port: 4000 }',
      'limits: { depth: 5 }\nrateLimit: {}',
      'limits: { depth: 5 }',
    ])
      expect(() => migrateApolloConfig(text, 'router.yaml')).toThrow(message);
    for (const text of ['{}', 'cors: { origins: [https://a.example] }', 'homepage: { enabled: false }'])
      expect(() => migrateApolloConfig(text, 'router.yaml')).not.toThrow();
  });

  it('shows no password of a URL in a message', () => {
    const issuer = (url: string) =>
      reasons(`authentication: { router: { jwt: { jwks: [{ url: '${url}' }] } } }`).join();
    expect(issuer('https://user:secret@issuer.example/keys?token=secret')).toContain(
      'jwksUrl: https://issuer.example/keys }',
    );
    expect(issuer('https://user:secret@issuer.example/keys?token=secret')).not.toContain('secret');
    expect(issuer('//user:secret@issuer')).not.toContain('secret');
  });
});

describe('docs/migrating.md', () => {
  const [, section = ''] = readPage('docs/migrating.md').split('\n## From Apollo Router\n');
  const [table = ''] = section.split('\n| environment, arguments');
  const rows = [...table.matchAll(/^\| (`[^|]+) \|/gm)].map(([, keys = '']) => keys);
  const keys = rows.flatMap((row) =>
    [...row.matchAll(/`([^`]+)`/g)].map(([, key = '']) => key.replaceAll('NAME', '*')),
  );
  const patterns = APOLLO_RULES.map(([pattern]) => pattern);

  it('names only keys that the command knows', () => {
    expect(keys.length).toBeGreaterThan(50);
    const isKnown = (key: string) =>
      patterns.some(
        (pattern) => pattern === key || pattern.startsWith(`${key}.`) || key.startsWith(`${pattern}.`),
      );
    expect(keys.filter((key) => !isKnown(key))).toEqual([]);
  });

  it('names every section that the command knows, except those without an effect', () => {
    const sections = new Set(keys.map((key) => key.split('.')[0]));
    const unnamed = [...new Set(patterns.map((pattern) => pattern.split('.')[0]))].filter(
      (name) => !sections.has(name),
    );
    expect(unnamed).toEqual(WITHOUT_EFFECT);
  });
});

const WITHOUT_EFFECT = [
  'experimental_type_conditioned_fetching',
  'experimental_hoist_orphan_errors',
  'experimental_chaos',
  'fleet_detector',
  'license_enforcement',
  'reload',
];

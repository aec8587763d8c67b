import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { parseSupergraphFile } from '../../router/supergraph/supergraph-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'tributary-expansion-'));
mkdirSync(join(directory, 'secrets'));
writeFileSync(join(directory, 'secrets', 'identity'), `${'f'.repeat(40)}\n\n`);
writeFileSync(join(directory, 'secrets', 'depth'), ' 9\n');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

const read = (text: string, env: Env = {}) => parseConfig(text, { env, fileName: 'router.yaml', directory });

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  return [];
}

const problems = (text: string, env: Env = {}) => problemsOf(() => read(text, env));

describe('an expansion in router.yaml', () => {
  test('becomes the number or the boolean that the schema requires, quoted or not', () => {
    const config = read(
      'limits:\n  depth: ${env.DEPTH}\n  aliases: "${env.ALIASES:-12}"\ncsrf: { enabled: "${env.CSRF}" }\n' +
        'traffic: { all: { breaker: { errorPercent: "${env.PERCENT}" } }, subgraphs: { a: { timeoutMs: "${env.DEPTH}" } } }',
      { DEPTH: '7', CSRF: 'false', PERCENT: '12.5' },
    );
    expect(config.limits).toMatchObject({ depth: 7, aliases: 12 });
    expect(config.csrf.enabled).toBe(false);
    expect(config.traffic.all.breaker.errorPercent).toBe(12.5);
    expect(config.traffic.subgraphs['a']?.timeoutMs).toBe(7);
  });

  test('stays a string if the schema requires one, whatever it looks like', () => {
    const secret = '1'.repeat(32);
    const config = read(
      'identity: { keys: [{ id: "${env.ID}", secret: "${env.SECRET}" }] }\ntelemetry:\n  serviceName: ${env.ON}',
      { ID: '2', SECRET: secret, ON: 'true' },
    );
    expect(config.identity.keys).toEqual([{ id: '2', secret }]);
    expect(config.telemetry.serviceName).toBe('true');
  });

  test('has the type of its text if any value is allowed, unless it is quoted', () => {
    const config = read(
      'degradation:\n  fallbacks:\n    A.a: ${env.N}\n    A.b: "${env.N}"\n    A.c: ${env.T}\n    A.d: ${env.N}x\n',
      { N: '-1.5e3', T: 'true' },
    );
    expect(config.degradation.fallbacks).toEqual({
      'A.a': -1500,
      'A.b': '-1.5e3',
      'A.c': true,
      'A.d': '-1.5e3x',
    });
  });

  test('has the type of its text if a key takes a string or a boolean, unless it is quoted', () => {
    const role = (text: string, env: Env = {}) => read(`console:\n  role: ${text}\n`, env).console.role;
    expect(role('${env.ROLE:-false}')).toBe(false);
    expect(role('${env.ROLE}', { ROLE: 'operator' })).toBe('operator');
    expect(role('"${env.ROLE:-false}"')).toBe('false');
  });

  test('takes its default when the variable is unset or empty', () => {
    const text =
      'identity:\n  keys:\n    - id: k1\n      secret: "${env.SECRET:-only-for-local-development-or-tests}"\n' +
      'telemetry:\n  serviceName: "shop-${env.NAME:-a:-b}-${env.EMPTY:-}"\n';
    const config = read(text, { NAME: '', EMPTY: '' });
    expect(config.identity.keys[0]?.secret).toBe('only-for-local-development-or-tests');
    expect(config.telemetry.serviceName).toBe('shop-a:-b-');
    const secret = 's'.repeat(32);
    expect(read(text, { SECRET: secret, NAME: 'x' }).identity.keys[0]?.secret).toBe(secret);
    expect(read(text, { SECRET: secret, NAME: 'x' }).telemetry.serviceName).toBe('shop-x-');
  });

  test('reads a file relative to the configuration, without surrounding whitespace', () => {
    const config = read(
      'limits: { depth: "${file.secrets/depth}" }\nidentity: { keys: [{ id: k, secret: "${file.secrets/identity}" }] }',
    );
    expect(config.limits.depth).toBe(9);
    expect(config.identity.keys[0]?.secret).toBe('f'.repeat(40));
  });

  test('is not applied to the result of another expansion, nor to an escaped one', () => {
    const config = read('telemetry: { serviceName: "${env.A}$${env.A} $5 $$" }', { A: '${env.B}' });
    expect(config.telemetry.serviceName).toBe('${env.B}${env.A} $5 $$');
  });

  test.each([
    ['${IDENTITY}', 'unknown expansion'],
    ['${env.A-b}', 'unknown expansion'],
    ['${env.A:=b}', 'unknown expansion'],
    ['${env.}', 'unknown expansion'],
    ['${file.}', 'unknown expansion'],
    ['${secret.a}', 'unknown expansion'],
    ['${env.A', 'unknown expansion'],
    ['${}', 'unknown expansion'],
    ['${env.A:-${env.B}}', 'unknown expansion'],
    ['${env.A:-{"b":1}}', 'unknown expansion'],
    ['${env.MISSING}', 'environment variable MISSING is not set'],
    ['${file.secrets/none}', 'cannot read the file (ENOENT)'],
    ['${file.secrets}', 'cannot read the file (EISDIR)'],
  ])('is rejected with its line if it is %s', (written, reason) => {
    const [problem = '', ...more] = problems(
      `\nlimits: { depth: 3 }\ntelemetry:\n  serviceName: 'a ${written}'\n`,
    );
    expect(problem).toMatch(/^router\.yaml:4: telemetry\.serviceName: \$\{/);
    expect(problem).toContain(reason);
    expect(more).toEqual([]);
  });

  test('is rejected in a key, where it would not be expanded', () => {
    expect(
      problems('rateLimit:\n  tiers:\n    ${env.TIER}: { points: 1 }\n    FREE: { points: 1 }\n'),
    ).toEqual(['router.yaml:3: ${env.TIER}: expansions are allowed in values only, not in keys']);
  });

  test('is shown as it is written if its value is invalid, because the value may be a secret', () => {
    const text = 'limits:\n  depth: ${env.DEPTH}\nredis:\n  url: ${env.URL}\nsupergraph: { watch: 1 }\n';
    const found = problems(text, { DEPTH: 'deep', URL: 'http://:password@host' });
    expect(found).toEqual([
      expect.stringMatching(/^router\.yaml:5: supergraph\.watch: .*boolean.* \(found 1\)$/),
      expect.stringMatching(/^router\.yaml:2: limits\.depth: .*expected number.* \(from \$\{env\.DEPTH\}\)$/),
      expect.stringMatching(/^router\.yaml:4: redis\.url: .* \(from \$\{env\.URL\}\)$/),
    ]);
    const [overridden] = problems('', { REDIS_URL: 'http://:password@host' });
    expect(overridden).toContain('(found "http://***@host")');
  });

  test('that is named like a property of every object is an unset variable', () => {
    const [problem] = problems('telemetry: { serviceName: "${env.constructor}" }');
    expect(problem).toContain('environment variable constructor is not set');
  });
});

test.each([
  'headers: { request: [{ insert: { name: x-api-key, value: "hünter2" } }] }',
  'headers: { response: [{ propagate: { named: x-api-key, default: "hünter2" } }] }',
  'headers: { subgraphs: { order: { request: [{ insert: { name: x-api-key, value: "hünter2" } }] } } }',
  'supergraph: { sources: [{ url: "http://host/supergraph", headers: { authorization: 22222 } }] }',
  'supergraph: { sources: [{ url: "http://host/supergraph", headers: "authorization: hünter2" }] }',
  'identity: { keys: "k1:hünter2" }',
  'redis: { url: "redis://:h/ünter2@host" }',
  'redis: { url: "redis://:h@ünter2@host:port" }',
  'redis: { url: "user:hünter2@host" }',
])('the message about an invalid secret does not contain it: %s', (text) => {
  const [problem = '', ...more] = problems(text);
  expect(more).toEqual([]);
  expect(problem).toMatch(/^router\.yaml:1: [\w.]+: ./);
  expect(problem).not.toMatch(/ünter2|22222/);
});

test('the message about invalid IDENTITY_KEYS contains no part of them', () => {
  const [problem] = problems('', { IDENTITY_KEYS: 'k1:hünter2,hünter 3:x' });
  expect(problem).toMatch(/^environment variable IDENTITY_KEYS: identity\.keys\.1\.id: must be [^ü]*$/);
});

test('an identity secret of fewer than 32 characters is an error in production, reported with all others', () => {
  const text = `identity:
  keys:
    - { id: long, secret: ${'s'.repeat(32)} }
    - { id: k1, secret: "\${env.SECRET:-${'s'.repeat(31)}}" }
limits: { depth: deep }
`;
  const tooShort =
    /^router\.yaml:4: identity\.keys\.1\.secret: Too small: expected string to have >=32 characters \(from \$\{env\.SECRET:-s+\}\)$/;
  expect(problems(text, { NODE_ENV: 'production' })).toEqual([
    expect.stringMatching(/^router\.yaml:5: limits\.depth: /),
    expect.stringMatching(tooShort),
  ]);
  expect(problems(text)).toEqual([expect.stringMatching(/^router\.yaml:5: limits\.depth: /)]);
  expect(problems('', { NODE_ENV: 'production', IDENTITY_KEYS: 'k1:short' })).toEqual([
    'environment variable IDENTITY_KEYS: identity.keys.0.secret: Too small: expected string to have >=32 characters',
  ]);
  expect(problems('identity: { keys: [{ id: k1, secret: "" }] }')).toHaveLength(1);
});

/** Nine levels of aliases, each ten times the one before. */
const BOMB = Array.from({ length: 9 }, (_, level) =>
  level === 0
    ? 'a0: &a0 [x, x]'
    : `a${level}: &a${level} [${Array(10)
        .fill(`*a${level - 1}`)
        .join()}]`,
).join('\n');

describe('merge keys and aliases', () => {
  const text = `traffic:
  subgraphs:
    a: &usual
      timeoutMs: \${env.MS}
      breaker: &breaker { openMs: 70, minCalls: 3 }
    b:
      <<: *usual
      retries: 0
    c: { <<: [{ timeoutMs: 5 }, *usual], breaker: { <<: *breaker, openMs: 9 } }
`;

  test('are supported, with the expansions in them', () => {
    expect(read(text, { MS: '1500' }).traffic.subgraphs).toEqual({
      a: { timeoutMs: 1500, breaker: { openMs: 70, minCalls: 3 } },
      b: { timeoutMs: 1500, retries: 0, breaker: { openMs: 70, minCalls: 3 } },
      c: { timeoutMs: 5, breaker: { openMs: 9, minCalls: 3 } },
    });
  });

  test('have the line of the value that they insert', () => {
    expect(problems(text.replace('minCalls: 3', 'minCalls: 0'), { MS: '1500' })).toEqual([
      expect.stringMatching(/^router\.yaml:5: traffic\.subgraphs\.a\.breaker\.minCalls: /),
      expect.stringMatching(/^router\.yaml:5: traffic\.subgraphs\.b\.breaker\.minCalls: /),
      expect.stringMatching(/^router\.yaml:5: traffic\.subgraphs\.c\.breaker\.minCalls: /),
    ]);
    expect(problems(text).map((problem) => problem.slice(0, 44))).toEqual([
      'router.yaml:4: traffic.subgraphs.a.timeoutMs',
      'router.yaml:4: traffic.subgraphs.b.timeoutMs',
    ]);
  });

  test.each([
    [
      'has no anchor',
      'cors:\n  origins: *.shop.example',
      'router.yaml:2: the alias *.shop.example has no anchor; quote a text that starts with *',
    ],
    [
      'has no anchor',
      'a: 1\nb: *x',
      'router.yaml:2: the alias *x has no anchor; quote a text that starts with *',
    ],
    ['is part of itself', 'limits: &a\n  depth: *a', 'router.yaml:2: the alias *a is part of its own value'],
    ['is merged into itself', 'limits: &a\n  <<: *a', 'router.yaml:2: the alias *a is part of its own value'],
    ['merges no map', 'limits:\n  <<: 5', 'router.yaml:2: the value of << must be a map or a list of maps'],
    [
      'merges a list with another value',
      'limits: &a\n  depth: 5\ncors:\n  <<: [*a, 5]',
      'router.yaml:4: the value of << must be a map or a list of maps',
    ],
  ])('an alias that %s is reported', (_, text, problem) => {
    expect(problems(text)).toEqual([problem]);
  });

  test('a second document is reported', () => {
    expect(problems('limits: {}\n---\ncors: {}')).toEqual([
      'router.yaml:2: the file must have a single YAML document',
    ]);
  });

  test('aliases that expand to too many values are reported', () => {
    expect(problems(BOMB)).toEqual([expect.stringMatching(/^router\.yaml: Excessive alias count/)]);
  });
});

describe('an expansion in supergraph.yaml', () => {
  const parse = (text: string, env: Env = {}) =>
    parseSupergraphFile(text, { env, fileName: 'supergraph.yaml', directory });
  const text = `federation_version: \${env.FEDERATION:-2}
subgraphs:
  a:
    routing_url: \${env.A_URL:-http://127.0.0.1:4101/graphql}
    schema:
      subgraph_url: http://127.0.0.1:4101/graphql
      introspection_headers: { authorization: "Bearer \${file.secrets/identity}" }
`;

  test('is expanded as in router.yaml, and reports which files it has read', () => {
    const { subgraphs, files } = parse(text);
    expect(subgraphs).toMatchObject([
      {
        routingUrl: 'http://127.0.0.1:4101/graphql',
        schema: { headers: { authorization: `Bearer ${'f'.repeat(40)}` } },
      },
    ]);
    expect(files).toEqual([join(directory, 'secrets', 'identity')]);
    expect(parse(text, { A_URL: 'http://a/graphql', FEDERATION: '=2.14.4' }).subgraphs[0]?.routingUrl).toBe(
      'http://a/graphql',
    );
  });

  test('is rejected with its line in an SDL', () => {
    const sdl =
      'subgraphs:\n  a:\n    routing_url: http://a/\n    schema:\n      sdl: |\n        "As ${price}"\n        type Query { a: Int }\n';
    expect(problemsOf(() => parse(sdl))).toEqual([
      expect.stringMatching(/^supergraph\.yaml:6: subgraphs\.a\.schema\.sdl: \$\{price\}: unknown expansion/),
    ]);
    const [{ schema } = {}] = parse(sdl.replace('As $', 'As $$$$')).subgraphs;
    expect(schema).toEqual({ kind: 'sdl', sdl: '"As ${price}"\ntype Query { a: Int }\n' });
  });
});

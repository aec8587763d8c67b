import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { parseSupergraphFile } from '../../router/supergraph/supergraph-file.ts';

const parse = (text: string, env = {}) => parseConfig(text, { env, fileName: 'router.yaml', directory: '.' });
const supergraph = (text: string) =>
  parseSupergraphFile(text, { env: {}, fileName: 'supergraph.yaml', directory: '.' });

describe('two entries with one name, of which only one could be used, are an error', () => {
  const keys =
    'identity: { keys: [{ id: a, secret: one }, { id: b, secret: two }, { id: a, secret: three }] }';

  test('keys of the router', () => {
    expect(() => parse(keys)).toThrow('identity.keys.2.id: is the id of another key');
    expect(() => parse(keys.replaceAll('id: a, secret: three', 'id: c, secret: three'))).not.toThrow();
    expect(() => parse('', { IDENTITY_KEYS: 'a:one,a:two' })).toThrow('is the id of another key');
  });

  test('issuers', () => {
    const entry = '{ issuer: "https://a.example", audience: x, jwksUrl: "https://a.example/jwks" }';
    expect(() => parse(`authentication: { issuers: [${entry}, ${entry}] }`)).toThrow(
      'authentication.issuers.1.issuer: is the issuer of another entry',
    );
  });
});

describe('the response header with the trace id', () => {
  const withHeader = (name: string) => () => parse(`telemetry: { traces: { responseHeader: "${name}" } }`);

  test.each([
    'Content-Type',
    'content-length',
    'Transfer-Encoding',
    'X-Request-Id',
    'x_request_id',
    'x-correlation-id',
    'Access-Control-Allow-Origin',
    'Cache-Control',
    'ETag',
    'Vary',
    'Set-Cookie',
    'Retry-After',
    'RateLimit',
    'ratelimit-policy',
    'X-RateLimit-Remaining',
    'WWW-Authenticate',
    'Server-Timing',
    'Strict-Transport-Security',
    'X-Content-Type-Options',
    'Content-Security-Policy',
    'X-Frame-Options',
    'Referrer-Policy',
    'X-Degraded',
    'X-Supergraph-Version',
    'Allow',
    'Location',
  ])('cannot be %s', (name) => {
    expect(withHeader(name)).toThrow('telemetry.traces.responseHeader: is a header that has another meaning');
  });

  test.each(['x-trace-id', 'X-B3-TraceId', 'trace-id'])('can be %s', (name) => {
    expect(withHeader(name)).not.toThrow();
  });
});

describe('the message about a key', () => {
  test('that is not valid contains the rule for it', () => {
    expect(() => parse('rateLimit:\n  fields:\n    login: { calls: 1 }\n')).toThrow(
      'router.yaml:3: rateLimit.fields.login: must be Type.field',
    );
    expect(() => supergraph('subgraphs:\n  a b: { schema: { file: a.graphql } }\n')).toThrow(
      'supergraph.yaml:2: subgraphs.a b: a subgraph name must start with a letter and contain only letters, digits, _ and -',
    );
  });

  test.each([
    ['traffic:\n  subgraphs:\n    __proto__: { timeoutMs: 5 }\n', 3, 'traffic.subgraphs'],
    ['headers:\n  subgraphs:\n    __proto__: { request: [] }\n', 3, 'headers.subgraphs'],
    ['rateLimit:\n  fields:\n    __proto__: { calls: 5 }\n', 3, 'rateLimit.fields'],
    ['degradation:\n  fallbacks:\n    __proto__: 5\n', 3, 'degradation.fallbacks'],
    ['overrides:\n  __proto__: true\n', 2, 'overrides'],
  ])('__proto__ names its line: %j', (text, line, path) => {
    expect(() => parse(text)).toThrow(`router.yaml:${line}: ${path}.__proto__: cannot be used as a key`);
  });

  test('__proto__ that the schema rejects anyway is the only one', () => {
    expect(() => parse('__proto__: 5')).toThrow(/^router\.yaml:1: __proto__: unknown key; [^\n]*$/);
  });

  test('__proto__ is absent if it is in a value of a custom scalar', () => {
    const text = 'degradation: { fallbacks: { Query.any: { __proto__: 5 } } }';
    expect(() => parse(text)).not.toThrow();
  });
});

test.each([
  ['{ calls: few }', '.calls: Invalid input: expected number, received string (found "few")'],
  ['{ calls: 1, pr: caller }', '.pr: unknown key; known keys: calls, windowS, per, counts'],
  [
    '[{ calls: 1 }, { calls: 1, per: arg }]',
    '.1.per: must be caller, address or argument:NAME (found "arg")',
  ],
  ['5', ': must be a map or a list (found 5)'],
  ['[]', ': Too small: expected array to have >=1 items'],
])('a wrong limit of a field, which may be a map or a list, is explained: %s', (limit, problem) => {
  expect(() => parse(`rateLimit: { fields: { Query.me: ${limit} } }`)).toThrow(
    `router.yaml:1: rateLimit.fields.Query.me${problem}`,
  );
});

test('a wrong value of a label, which may be a condition, is explained', () => {
  expect(() => parse('overrides: { a: 5 }')).toThrow(
    'overrides.a: must be true, false or a condition (found 5)',
  );
  expect(() => parse('overrides: { a: { percent: x } }')).toThrow(
    'overrides.a.percent: Invalid input: expected number',
  );
});

test.each([
  ['', 1, 'subgraphs: is missing; must be a map'],
  ['# no content\n', 1, 'subgraphs: is missing; must be a map'],
  ['subgraphs:\n', 1, 'subgraphs: must be a map (found null)'],
  ['subgraphs: []\n', 1, 'subgraphs: must be a map, not a list'],
  ['hello\n', 1, '(top level): must be a map (found "hello")'],
  ['subgraphs: { a: { routing_url: "http://a" } }\n', 1, 'subgraphs.a.schema: is missing; must be a map'],
])('a composition file without a map where one is needed is explained: %j', (text, line, problem) => {
  expect(() => supergraph(text)).toThrow(`supergraph.yaml:${line}: ${problem}`);
});

describe('an environment variable', () => {
  test('with keys names the one without a colon', () => {
    expect(() => parse('', { IDENTITY_KEYS: 'a:one,two' })).toThrow(
      'environment variable IDENTITY_KEYS: identity.keys.1: must have an id and a secret; in `IDENTITY_KEYS` as `id:secret`',
    );
  });

  test('that requires another one is named', () => {
    const problems = (rule: string) =>
      `environment variable SUPERGRAPH: supergraph.registry.${rule} of the registry`;
    expect(() => parse('', { SUPERGRAPH: 'shop@production' })).toThrow(
      problems('url: must be the HTTP address'),
    );
    expect(() => parse('', { SUPERGRAPH: 'shop@production' })).toThrow(problems('key: must be an API key'));
    expect(() => parse('supergraph:\n  registry: { graph: shop@production }\n')).toThrow(
      'router.yaml:2: supergraph.registry.url: must be the HTTP address of the registry',
    );
  });
});

import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';

const parse = (text: string, env = {}) => parseConfig(text, { env, fileName: 'router.yaml', directory: '.' });

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

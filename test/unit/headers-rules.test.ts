import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createHeaderCollector } from '../../router/headers/collection.ts';
import { createForwarding } from '../../router/headers/forwarding.ts';
import {
  isProtectedRequestHeader,
  isProtectedResponseHeader,
} from '../../router/shared/http/protected-headers.ts';

const read = (text: string) =>
  parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '/nowhere' }).headers;

const forwarding = (request: string, more = '') => {
  const forward = createForwarding(read(`headers: { request: [${request}]${more} }`));
  if (forward === undefined) throw new Error('there are no rules');
  return forward;
};

const FORBIDDEN = (
  'x-user-id X-User-ID x_user_id X.User.Roles x-user-email x_tenant-id x-user-anything Connection keep-alive TE transfer_encoding ' +
  'upgrade proxy-authorization Host content-length content-type authorization Cookie signature Signature-Input content-digest x-request-id traceparent'
).split(' ');

test.each(FORBIDDEN)('%s is protected in requests and responses, in any spelling', (name) => {
  expect([isProtectedRequestHeader(name), isProtectedResponseHeader(name)]).toEqual([true, true]);
});

test('headers that only resemble protected ones are not protected', () => {
  const names = ['x-username', 'x-tenants', 'accept-language', 'x-hosts', 'user-agent', 'cache-control'];
  expect(names.filter((name) => isProtectedRequestHeader(name))).toEqual([]);
});

test.each(FORBIDDEN)('a rule that names %s is rejected with its line', (name) => {
  const rules = [
    `propagate: { named: "${name}" }`,
    `propagate: { named: x-a, rename: "${name}" }`,
    `insert: { name: "${name}", value: a }`,
    `remove: { named: "${name}" }`,
  ];
  for (const rule of rules) {
    expect(() => read(`headers:\n  request:\n    - ${rule}`)).toThrow(
      /^router\.yaml:3: .* is a protected header/,
    );
    expect(() => read(`headers:\n  response:\n    - ${rule}`)).toThrow(
      /^router\.yaml:3: .* is a protected header/,
    );
    expect(() => read(`headers:\n  subgraphs:\n    a:\n      request:\n        - ${rule}`)).toThrow(
      /^router\.yaml:5: .* is a protected header/,
    );
  }
});

test.each([
  ['{ propagate: { named: a, matching: b } }', 'requires exactly one of `named` and `matching`'],
  ['{ propagate: { matching: a, rename: b } }', '`rename` and `default` require `named`'],
  ['{ propagate: { matching: "(" } }', 'is not a valid regular expression'],
  ['{ propagate: { named: "a b" } }', 'is not a valid header name'],
  ['{ insert: { name: a, value: "b\\r\\nx-user-id: 1" } }', 'must be printable ASCII'],
  ['{ insert: { name: a, value: b }, remove: { named: a } }', 'a rule has exactly one of'],
  ['{}', 'a rule has exactly one of'],
])('the rule %s is rejected', (rule, message) => {
  expect(() => read(`headers: { request: [${rule}] }`)).toThrow(message);
});

test('without rules there is no function to run', () => {
  expect(createForwarding(read(''))).toBeUndefined();
  expect(createHeaderCollector(read(''))).toBeUndefined();
});

test('rules run in their order, those of a subgraph after those for all', () => {
  const forward = forwarding(
    `{ propagate: { named: X-A } }, { propagate: { named: x-b, rename: x-c, default: none } },
     { propagate: { matching: "x-trace-.*" } }, { remove: { matching: ".*-secret" } }, { insert: { name: x-router, value: t } }`,
    ', subgraphs: { shipping: { request: [{ remove: { named: x-a } }] } }',
  );
  const { headersFor } = forward({
    'x-a': '1',
    'x-trace-id': '2',
    'x-trace-secret': '3',
    'not-x-trace-id': '4',
  });
  const common = { 'x-c': 'none', 'x-trace-id': '2', 'x-router': 't' };
  expect(headersFor('order')).toEqual({ 'x-a': '1', ...common });
  expect(headersFor('shipping')).toEqual(common);
});

test('a pattern for everything matches no header that is protected, listed in Connection, or impossible to send', () => {
  const hostile = Object.fromEntries(FORBIDDEN.map((name) => [name.toLowerCase(), 'forged']));
  const { headersFor } = forwarding('{ propagate: { matching: ".*" } }')({
    ...hostile,
    connection: 'close, X-Hop',
    'x-hop': '1',
    'x-split': 'a\r\nx-user-id: 1',
    'x-wide': 'ü€',
    'x-fine': 'ü',
  });
  expect(headersFor('order')).toEqual({ 'x-fine': 'ü' });
});

test('property names of every object are ordinary headers', () => {
  const forward = forwarding('{ propagate: { named: constructor } }, { propagate: { named: __proto__ } }');
  expect(forward({}).headersFor('order')).toEqual({});
});

test('requests have the same scope only if every subgraph receives the same headers', () => {
  const forward = forwarding(
    '{ propagate: { named: x-a } }',
    ', subgraphs: { shipping: { request: [{ propagate: { named: x-b } }] } }',
  );
  const scope = (headers: Record<string, string>) => forward(headers).scope;
  expect(scope({ 'x-a': '1', 'x-other': '1' })).toBe(scope({ 'x-a': '1', 'x-other': '2' }));
  const scopes = [{}, { 'x-a': '' }, { 'x-a': '1' }, { 'x-b': '1' }, { 'x-a': '1', 'x-b': '1' }].map(
    (headers) => scope(headers),
  );
  expect(new Set(scopes).size).toBe(scopes.length);
});

import * as fc from '../support/runs/properties.ts';
import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { mergeCacheControl } from '../../router/headers/cache-control.ts';
import { createHeaderCollector } from '../../router/headers/collection.ts';

const MERGES: readonly (readonly [readonly string[], string])[] = [
  [['max-age=60', 'max-age=30, public'], 'max-age=30'],
  [['public, max-age=60', 'public, max-age=90'], 'public, max-age=60'],
  [['public, max-age=60', 'private, max-age=90'], 'private, max-age=60'],
  [['max-age=60', 'no-store'], 'no-store'],
  [['max-age=60', 'no-cache'], 'no-cache, max-age=0'],
  [['max-age=60, s-maxage=10', 'max-age=60'], 'max-age=10'],
  [['max-age=60, s-maxage=10', 's-maxage=5, max-age=60'], 'max-age=5, s-maxage=5'],
  [['max-age="60"', 'MAX-AGE=70'], 'max-age=60'],
  [['max-age=60, max-age=10'], 'max-age=10'],
  [['max-age=soon'], 'max-age=0'],
  [['private="set-cookie", max-age=5'], 'private, max-age=5'],
  [['max-age=60, immutable, stale-if-error=9', 'max-age=60, immutable'], 'immutable, max-age=60'],
  [['something-new'], 'no-store'],
  [[''], 'no-store'],
  [[], 'no-store'],
];

test.each(MERGES)('%j together are %s', (headers, merged) => {
  expect(mergeCacheControl(headers)).toBe(merged);
});

const seconds = fc.integer({ min: 0, max: 100 });
const header = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'no-cache',
        'private',
        'public',
        'must-revalidate',
        'proxy-revalidate',
        'immutable',
        'x',
      ),
      fc
        .tuple(fc.constantFrom('max-age', 's-maxage', 'stale-while-revalidate', 'stale-if-error'), seconds)
        .map(([name, value]) => `${name}=${value}`),
      fc.constant('no-store'),
    ),
    { maxLength: 5 },
  )
  .map((directives) => directives.join(', '));

/**
 * Returns what a cache may do with a response: a reading of RFC 9111 that is independent of the tested one.
 */
function allowance(text: string) {
  const numbers = (name: string) =>
    [...text.matchAll(new RegExp(`(?<![\\w-])${name}=(\\d+)`, 'g'))].map(([, value]) => Number(value));
  const has = (name: string) => new RegExp(`(?<![\\w-])${name}(?![\\w-])`).test(text);
  const stored = !has('no-store');
  const least = (name: string) => (numbers(name).length === 0 ? undefined : Math.min(...numbers(name)));
  return {
    stored: Number(stored),
    storedByAll: Number(stored && !has('private')),
    storedThoughPrivate: Number(stored && !has('private') && (has('public') || has('s-maxage'))),
    fresh: stored ? (least('max-age') ?? 0) : 0,
    freshForAll: stored && !has('private') ? (least('s-maxage') ?? least('max-age') ?? 0) : 0,
    withoutAsking: Number(stored && !has('no-cache')),
    staleWhileAsking: stored ? (least('stale-while-revalidate') ?? 0) : 0,
    staleOnError: stored ? (least('stale-if-error') ?? 0) : 0,
    staleAtAll: Number(stored && !has('must-revalidate')),
    staleForAll: Number(stored && !has('proxy-revalidate')),
    unchanging: Number(stored && has('immutable')),
  };
}

test('a merged cache-control is never less restrictive than any of its parts', () => {
  fc.assert(
    fc.property(fc.array(header, { minLength: 1, maxLength: 4 }), (headers) => {
      const whole = allowance(mergeCacheControl(headers));
      for (const part of headers.map(allowance)) {
        const exceeded = Object.entries(whole).filter(
          ([right, granted]) => granted > part[right as keyof typeof part],
        );
        expect(exceeded).toEqual([]);
      }
    }),
    { numRuns: 2_000 },
  );
});

test('the order of the responses does not change a cache-control', () => {
  fc.assert(
    fc.property(fc.array(header, { maxLength: 4 }), (headers) => {
      expect(mergeCacheControl(headers.toReversed())).toBe(mergeCacheControl(headers));
    }),
  );
});

const collecting = (response: string) =>
  createHeaderCollector(
    parseConfig(`headers: { response: [${response}] }`, {
      env: {},
      fileName: 'router.yaml',
      directory: '/nowhere',
    }).headers,
  );

function collect(response: string, responses: readonly Record<string, string | string[]>[], isWhole = true) {
  const collection = collecting(response)?.begin();
  for (const headers of responses)
    collection?.add('order', { kind: 'received', data: {}, errors: [], headers });
  return collection?.headers(isWhole);
}

test('cookies of all responses are kept separately', () => {
  const cookies = [{ 'set-cookie': ['a=1', 'b=2'] }, { 'set-cookie': ['c=3'] }];
  expect(collect('{ propagate: { named: Set-Cookie, merge: first } }', cookies)).toEqual({
    'set-cookie': ['a=1', 'b=2', 'c=3'],
  });
});

test('other headers are the first, the last or all of them, as configured', () => {
  const responses = [{ 'x-a': '1' }, {}, { 'x-a': '2' }];
  const merged = ['first', 'last', 'append'].map((merge) =>
    collect(`{ propagate: { named: x-a, merge: ${merge} } }`, responses),
  );
  expect(merged).toEqual([{ 'x-a': '1' }, { 'x-a': '2' }, { 'x-a': '1, 2' }]);
});

test('a response without cache-control or with missing data is not cached', () => {
  const rule = '{ propagate: { named: cache-control } }';
  const cached = { 'cache-control': 'public, max-age=60' };
  expect(collect(rule, [cached, cached])).toEqual(cached);
  expect(collect(rule, [cached, {}])).toEqual({ 'cache-control': 'no-store' });
  expect(collect(rule, [cached], false)).toEqual({ 'cache-control': 'no-store' });
  expect(collect(rule, [{}])).toEqual({});
});

test('a header that lets some caches store the response passes vary on, for every such header', () => {
  for (const name of ['cache-control', 'cdn-cache-control', 'surrogate-control'])
    expect(
      collect(`{ propagate: { named: ${name} } }`, [{ [name]: 'max-age=60', vary: 'Accept-Language' }]),
    ).toEqual({ [name]: 'max-age=60', vary: 'accept-language' });
  expect(collect('{ propagate: { named: x-a } }', [{ 'x-a': '1', vary: 'Accept-Language' }])).toEqual({
    'x-a': '1',
  });
});

test.each([
  ['{ propagate: { named: SET-COOKIE } }', true],
  ['{ propagate: { matching: ".*" } }', true],
  ['{ propagate: { named: x-a, rename: set-cookie } }', true],
  ['{ insert: { name: set-cookie, value: a=1 } }', true],
  ['{ propagate: { named: x-a } }', false],
])('whether %s passes cookies on is known at start', (rule, passes) => {
  expect(collecting(rule)?.passesCookies).toBe(passes);
});

import { expect, test } from 'vitest';
import { OperationCache } from '../../router/operation/operation-cache.ts';
import { HeapRelief } from '../../router/load-shedding/heap-relief.ts';

const KIB = 1_024;

function cacheOf(options: { readonly maxBytes?: number; readonly maxEntries?: number } = {}) {
  return new OperationCache<string>({ maxBytes: 80 * KIB, maxEntries: 800, ...options });
}

function keysOf(cache: OperationCache<string>): readonly string[] {
  return cache.entries().map(({ key }) => key);
}

test('finds on the second request a value that was added on the first', () => {
  const cache = cacheOf();
  cache.add('a', 'value of a', KIB);
  expect([cache.get('a'), cache.get('a'), cache.get('b')]).toEqual(['value of a', 'value of a', undefined]);
  expect(cache.bytes).toBe(KIB);
});

test('values that are requested once replace each other, and not those that are used', () => {
  const cache = cacheOf();
  for (const key of ['a', 'b', 'c']) cache.add(key, key, KIB);
  for (const key of ['a', 'b', 'c']) cache.get(key);
  for (let index = 0; index < 10_000; index += 1) cache.add(`flood ${index}`, 'x', KIB);
  expect(keysOf(cache).slice(0, 3)).toEqual(['a', 'b', 'c']);
  // An eighth of the bytes is for values that are requested once.
  expect(cache.bytes).toBe((3 + 10) * KIB);
});

test('a value that is added again after its eviction stays', () => {
  const cache = cacheOf();
  cache.add('a', 'first', KIB);
  for (let index = 0; index < 100; index += 1) cache.add(`flood ${index}`, 'x', KIB);
  expect(cache.get('a')).toBeUndefined();
  cache.add('a', 'second', KIB);
  for (let index = 100; index < 200; index += 1) cache.add(`flood ${index}`, 'x', KIB);
  expect(cache.get('a')).toBe('second');
});

test('never exceeds its bytes or its entries, whatever grows', () => {
  const cache = cacheOf({ maxEntries: 16 });
  for (let index = 0; index < 100; index += 1) {
    const key = `key ${index}`;
    cache.add(key, key, KIB);
    cache.get(key);
    cache.grow(key, key, index % 3 === 0 ? 8 * KIB : 0);
    expect(cache.bytes).toBeLessThanOrEqual(80 * KIB);
    expect(cache.entries().length).toBeLessThanOrEqual(16);
  }
  expect(keysOf(cache).at(-1)).toBe('key 99');
  cache.add('larger than the cache', 'x', 81 * KIB);
  expect(cache.get('larger than the cache')).toBeUndefined();
});

test('grows only by data of the values that it contains', () => {
  const cache = cacheOf();
  cache.add('a', 'value', KIB);
  cache.grow('a', 'another value', KIB);
  cache.grow('b', 'value', KIB);
  expect(cache.bytes).toBe(KIB);
});

test('evicts values that were requested once and half of the rest, but never the last eighth', () => {
  const cache = cacheOf();
  for (let index = 0; index < 70; index += 1) {
    cache.add(`key ${index}`, 'x', KIB);
    cache.get(`key ${index}`);
  }
  cache.add('once', 'x', KIB);
  cache.evict();
  expect(cache.bytes).toBe(35 * KIB);
  expect(keysOf(cache)[0]).toBe('key 35');
  for (let round = 0; round < 10; round += 1) cache.evict();
  expect(cache.bytes).toBe(8 * KIB);
});

test('frees memory while the heap is above its limit, once a second at most', () => {
  const relief = new HeapRelief(0.8);
  let freed = 0;
  const listening = relief.listen(() => (freed += 1));
  const report = (heap: number, times: number) => {
    for (let index = 0; index < times; index += 1) relief.report({ heap, ms: 100 });
    return freed;
  };
  expect(report(0.79, 20)).toBe(0);
  expect(report(0.81, 1)).toBe(1);
  expect(report(0.81, 9)).toBe(1);
  expect(report(0.81, 1)).toBe(2);
  listening[Symbol.dispose]();
  expect(report(0.81, 20)).toBe(2);
});

import { expect, it } from 'vitest';
import { BoundedCache } from '../../router/shared/bounded-cache.ts';
import { BoundedTextCache } from '../../router/shared/bounded-text-cache.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

it('keeps recently used entries and evicts the rest', () => {
  const entries = new BoundedCache<{ index: number }>(100);
  const name = (index: number) => `entry ${index}`;
  for (let index = 0; index < 10_000; index++) {
    entries.set(name(index), { index });
    entries.get(name(0));
  }
  const kept = Array.from({ length: 10_000 }, (_, index) => entries.get(name(index))).filter(Boolean);
  expect(kept.length).toBeLessThanOrEqual(100);
  expect(entries.get(name(9_999))).toEqual({ index: 9_999 });
});

it('replaces an entry without evicting others', () => {
  const entries = new BoundedCache<{ value: string }>(4);
  entries.set('a', { value: 'first' });
  entries.set('b', { value: 'other' });
  for (let round = 0; round < 10; round++) entries.set('a', { value: 'second' });
  expect([entries.get('a'), entries.get('b')]).toEqual([{ value: 'second' }, { value: 'other' }]);
});

it('returns no earlier text in place of one that is too long to be kept', () => {
  const texts = new BoundedTextCache(2_000);
  texts.set('a', 'first');
  texts.set('a', 'x'.repeat(1_000));
  expect(texts.get('a')).toBeUndefined();
  texts.set('a', 'again');
  expect(texts.get('a')).toBe('again');
});

it('stays fast when it is full', (context) => {
  const entries = new BoundedCache<object>(100_000);
  const start = performance.now();
  for (let index = 0; index < 300_000; index++) entries.set(`entry ${index}`, {});
  const micros = (performance.now() - start) / 300;
  recordMeasurement(context, 'insertion into a full cache of 100,000, µs', micros.toFixed(2));
  expect(entries.get('entry 299999')).toEqual({});
});

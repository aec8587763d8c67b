import { expect, test } from 'vitest';
import { createPropagation } from '../../router/telemetry/propagation/propagation.ts';

const IDS = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const { read, write } = await createPropagation(['tracecontext']);
const through = (traceparent: string, tracestate?: string) => write(read({ traceparent, tracestate }));

test.each([
  [`00-${IDS}-01`, `00-${IDS}-01`],
  [`00-${IDS}-00`, `00-${IDS}-00`],
  // The flags that version 00 defines: sampled and random.
  [`00-${IDS}-ff`, `00-${IDS}-03`],
  // Later versions, also with additional fields: only the sampled flag is read.
  [`01-${IDS}-01`, `00-${IDS}-01`],
  [`cc-${IDS}-03-what-the-future-will-be-like`, `00-${IDS}-01`],
  [`cc-${IDS}-01-`, `00-${IDS}-01`],
])('traceparent %s is passed on as %s', (traceparent, expected) => {
  expect(through(traceparent, 'a=1')).toEqual({ traceparent: expected, tracestate: 'a=1' });
});

test.each([
  `ff-${IDS}-01`,
  `ff-${IDS}-01-more`,
  `00-${IDS}-01-more`,
  `cc-${IDS}-01.more`,
  `00-${IDS.toUpperCase()}-01`,
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`,
  `00-${IDS}-01, 00-${IDS}-01`,
  `0-${IDS}-01`,
  '',
])('traceparent %s is invalid, and no tracestate is passed on without a valid one', (traceparent) => {
  expect(through(traceparent, 'a=1')).toEqual({});
});

const stateOf = (tracestate: string) => through(`00-${IDS}-01`, tracestate)['tracestate'];

test('tracestate keeps the order of its entries, and drops malformed and repeated ones', () => {
  expect(stateOf('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE')).toBe('rojo=00f067aa0ba902b7,congo=t61rcWkgMzE');
  expect(stateOf(' fw529a3039@dt=FfAAAAX ,\tb=2 ,, c')).toBe('fw529a3039@dt=FfAAAAX,b=2');
  expect(stateOf('a=1,b=2,a=3')).toBe('a=1,b=2');
  expect(stateOf('A=1,=2,a=é')).toBeUndefined();
  expect(stateOf('')).toBeUndefined();
});

test('tracestate has at most 32 entries', () => {
  const entries = Array.from({ length: 33 }, (_, index) => `k${index}=v`);
  expect(stateOf(entries.join(','))).toBe(entries.slice(0, 32).join(','));
});

test('tracestate over 512 characters drops its long entries first, then those on the right', () => {
  const long = `long=${'x'.repeat(200)}`;
  const short = Array.from({ length: 8 }, (_, index) => `k${index}=${'v'.repeat(57)}`);
  expect(stateOf([long, ...short].join(','))).toBe(short.join(','));
  const many = Array.from({ length: 9 }, (_, index) => `k${index}=${'v'.repeat(57)}`);
  const kept = stateOf(many.join(','));
  expect(kept).toBe(many.slice(0, 8).join(','));
  expect(kept?.length).toBeLessThanOrEqual(512);
  expect(stateOf(`a=${'x'.repeat(600)}`)).toBeUndefined();
});

import { expect, test } from 'vitest';
import { mayGrow } from '../../router/process/young-generation-growth.ts';

const MIB = 1_048_576;

test.each([
  { name: 'up to its base under any load', busyMs: 500, collectionMs: 0, mib: 8, grows: true },
  // V8 reports a capacity without the headers of its pages.
  {
    name: 'not beyond its base with small responses',
    busyMs: 500,
    collectionMs: 20,
    mib: 15.99,
    grows: false,
  },
  {
    name: 'while collections take a tenth of the busy time',
    busyMs: 500,
    collectionMs: 60,
    mib: 16,
    grows: true,
  },
  { name: 'not in an idle process', busyMs: 0, collectionMs: 0, mib: 32, grows: false },
])('the young generation may grow: $name', ({ busyMs, collectionMs, mib, grows }) => {
  expect(mayGrow({ busyMs, collectionMs, semiSpaceBytes: mib * MIB })).toBe(grows);
});

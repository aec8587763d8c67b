import { expect, test } from 'vitest';
import { caseCount } from '../support/runs/case-count.ts';
import { compareReaders } from './http1/compare-readers.ts';
import { mutatedResponse } from './http1/mutated-responses.ts';

const CASES = caseCount(10_000, 500_000);
const AT_ONCE = 500;

test('the built-in HTTP reader accepts no response that undici rejects or reads differently', async () => {
  const kinds = { equal: 0, stricter: 0, fault: 0 };
  const faults: object[] = [];
  for (let first = 0; first < CASES; first += AT_ONCE) {
    const indices = Array.from({ length: AT_ONCE }, (_, offset) => first + offset);
    await Promise.all(
      indices.map(async (index) => {
        const bytes = mutatedResponse('test', index);
        const { kind, ...read } = await compareReaders(bytes);
        kinds[kind] += 1;
        if (kind === 'fault') faults.push({ index, text: textOf(bytes.parts), ...read });
      }),
    );
  }
  // The comparison is only meaningful if most responses are accepted by both.
  expect(faults.slice(0, 3)).toEqual([]);
  expect(kinds.equal).toBeGreaterThan(CASES * 0.95);
});

function textOf(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString('latin1');
}

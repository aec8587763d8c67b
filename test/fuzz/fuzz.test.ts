import { afterAll, beforeAll, expect, test } from 'vitest';
import { caseCount } from '../support/runs/case-count.ts';
import { caseOf } from './cases.ts';
import { readRegressions } from './regressions.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

const CASES = caseCount(1_000, 2_000);

let target: Target;
beforeAll(async () => {
  target = await startTarget();
});
afterAll(() => target[Symbol.asyncDispose]());

test('kept cases no longer break a rule', async () => {
  for (const { name, case: known } of readRegressions()) {
    // A repeated request takes another path through the router.
    for (const time of ['first', 'second']) {
      const { faults } = await target.evaluate(known);
      expect({ name, time, faults }).toEqual({ name, time, faults: [] });
    }
  }
});

test('no client and no subgraph makes the router fail, hang, leak or pollute a prototype', async () => {
  for (let index = 0; index < CASES; index += 1) {
    const next = caseOf('test', index);
    const { faults } = await target.evaluate(next);
    expect({ index, faults }).toEqual({ index, faults: [] });
  }
});

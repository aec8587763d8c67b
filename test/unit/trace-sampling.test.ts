import { describe, expect, test } from 'vitest';
import { TraceFlags } from '@opentelemetry/api';
import { isKept, isSampled } from '../../router/telemetry/spans/sampling.ts';

type Sampling = Parameters<typeof isKept>[1];

const LOW = `${'a'.repeat(16)}${'0'.repeat(15)}1`;
const HALF = `${'a'.repeat(16)}8${'0'.repeat(15)}`;
const HIGH = `${'a'.repeat(16)}${'f'.repeat(16)}`;

const sampling = (rest: Partial<Sampling> = {}): Sampling => ({
  ratio: 1,
  parentBased: true,
  keep: ['slow', 'failed', 'degraded'],
  slowMs: 1_000,
  ...rest,
});

const parent = (traceFlags: number) => ({ traceId: HIGH, spanId: 'b'.repeat(16), traceFlags });
const SAMPLED = parent(TraceFlags.SAMPLED);
const UNSAMPLED = parent(TraceFlags.NONE);

describe('the decision at the begin of a request', () => {
  test.each<[string, Partial<Parameters<typeof isSampled>[0]>, Partial<Sampling>, boolean]>([
    ['all of a ratio of 1', {}, {}, true],
    ['none of a ratio of 0', { traceId: LOW }, { ratio: 0 }, false],
    ['ids below the ratio', { traceId: LOW }, { ratio: 0.5 }, true],
    ['no id at the ratio', { traceId: HALF }, { ratio: 0.5 }, false],
    ['an id just below the ratio', { traceId: HALF }, { ratio: 0.500001 }, true],
    ['no ids above the ratio', { traceId: HIGH }, { ratio: 0.999 }, false],
    ['what the parent samples', { parent: SAMPLED }, { ratio: 0 }, true],
    ['nothing that the parent does not sample', { parent: UNSAMPLED }, {}, false],
    ['the parent with the random flag', { parent: parent(0b11) }, { ratio: 0 }, true],
    ['by ratio whatever the parent does', { parent: SAMPLED }, { ratio: 0, parentBased: false }, false],
    ['by ratio although the parent does not', { parent: UNSAMPLED }, { parentBased: false }, true],
    ['by ratio if B3 defers the decision', { parent: UNSAMPLED, hint: 'deferred' }, {}, true],
    ['nothing of a ratio of 0 if B3 defers', { parent: UNSAMPLED, hint: 'deferred' }, { ratio: 0 }, false],
    ['what B3 samples without ids', { hint: 'sampled' }, { ratio: 0 }, true],
    ['nothing that B3 excludes without ids', { hint: 'unsampled' }, {}, false],
    ['by ratio, and not by B3', { hint: 'unsampled' }, { parentBased: false }, true],
  ])('samples %s', (_, trace, rest, expected) => {
    const begin = { traceId: HIGH, parent: undefined, hint: undefined, ...trace };
    expect(isSampled(begin, sampling(rest))).toBe(expected);
  });

  test('is the same for the same trace, and samples about the given share of random ids', () => {
    const ids = Array.from(
      { length: 1_000 },
      (_, index) =>
        `${'0'.repeat(16)}${((BigInt(index) * 0x9e3779b97f4a7c15n) % 2n ** 64n).toString(16).padStart(16, '0')}`,
    );
    const chosen = ids.filter((traceId) =>
      isSampled({ traceId, parent: undefined, hint: undefined }, sampling({ ratio: 0.1 })),
    );
    expect(chosen.length).toBeGreaterThan(80);
    expect(chosen.length).toBeLessThan(120);
  });
});

describe('the decision at the end of a request that is not sampled', () => {
  const good = { ms: 5, status: 200 };

  test.each<[string, Parameters<typeof isKept>[0], Partial<Sampling>, boolean]>([
    ['not one that is fast and good', good, {}, false],
    ['a slow one', { ...good, ms: 1_000 }, {}, true],
    ['not a slow one if only failures are kept', { ...good, ms: 5_000 }, { keep: ['failed'] }, false],
    ['one with status 500', { ...good, status: 500 }, {}, true],
    ['one with an error of the router', { ...good, codes: ['PLANNING_TIMEOUT'] }, {}, true],
    ['one with a failed subgraph call', { ...good, codes: ['NOT_FOUND', 'SUBGRAPH_TIMEOUT'] }, {}, true],
    ['not one that is invalid', { ms: 5, status: 400, codes: ['GRAPHQL_VALIDATION_FAILED'] }, {}, false],
    ['not one over its rate limit', { ms: 5, status: 429, codes: ['RATE_LIMITED'] }, {}, false],
    ['not one with an error of its own', { ...good, codes: ['CONFLICT'] }, {}, false],
    ['not a failed one if only slow ones are kept', { ...good, status: 500 }, { keep: ['slow'] }, false],
    ['a degraded one', { ...good, degraded: ['inventory'] }, {}, true],
    ['nothing if nothing is to be kept', { ms: 9_000, status: 500, degraded: ['a'] }, { keep: [] }, false],
  ])('keeps %s', (_, facts, rest, expected) => {
    expect(isKept(facts, sampling(rest))).toBe(expected);
  });
});

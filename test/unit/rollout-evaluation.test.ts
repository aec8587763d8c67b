import { describe, expect, it, test } from 'vitest';
import { percentileOf } from '../../router/rate-limit/caller-percentile.ts';
import { evaluateCanary, nextEvaluation } from '../../router/rollout/evaluate-canary.ts';
import { fisherTest } from '../../router/rollout/fisher-test.ts';
import { LATENCY_BOUNDS_MS } from '../../router/rollout/rollout-report.ts';
import type { Stats } from '../../router/rollout/rollout-report.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

const LIMITS = { minRequests: 200, maxErrorIncrease: 1, maxDegradedIncrease: 2, maxSlowIncrease: 10 };

/** Returns counts with all latencies below 10 ms, except for the given buckets. */
function stats(requests: number, others: Partial<Stats> = {}): Stats {
  const latencyBuckets = LATENCY_BOUNDS_MS.map((bound) => (bound === 10 ? requests : 0));
  return {
    requests,
    errors: 0,
    degraded: 0,
    breakerOpenings: 0,
    latencyBuckets: [...latencyBuckets, 0],
    ...others,
  };
}

/** Returns latency buckets with `fast` responses of at most 10 ms and `slow` ones of at most 250 ms. */
function latencies(fast: number, slow: number): readonly number[] {
  return [...LATENCY_BOUNDS_MS.map((bound) => (bound === 10 ? fast : bound === 250 ? slow : 0)), 0];
}

describe('evaluateCanary', () => {
  it('rolls back for errors and gives the counts of both sides as the reason', () => {
    expect(evaluateCanary(stats(400, { errors: 38 }), stats(3_600, { errors: 12 }), LIMITS)).toEqual({
      kind: 'rollback',
      reason: 'errors 38 of 400 (9.5 %) against 12 of 3,600 (0.3 %)',
    });
  });

  it('is undecided below the minimum number of requests on either side', () => {
    const expected = {
      kind: 'undecided',
      reason: '199 requests of the canary and 9,000 others, at least 200 of each are needed',
    };
    expect(evaluateCanary(stats(199, { errors: 60 }), stats(9_000), LIMITS)).toEqual(expected);
    expect(evaluateCanary(stats(9_000, { errors: 900 }), stats(199), LIMITS).kind).toBe('undecided');
  });

  it('rolls back after 20 requests if most of them fail and those of the baseline do not', () => {
    const failing = stats(20, { errors: 11 });
    expect(evaluateCanary(failing, stats(380), LIMITS)).toEqual({
      kind: 'rollback',
      reason: 'errors 11 of 20 (55.0 %) against 0 of 380 (0.0 %)',
    });
    expect(evaluateCanary(stats(19, { errors: 19 }), stats(380), LIMITS).kind).toBe('undecided');
    expect(evaluateCanary(failing, stats(380, { errors: 190 }), LIMITS).kind).toBe('undecided');
    expect(evaluateCanary(failing, stats(19), LIMITS).kind).toBe('undecided');
  });

  it('tolerates an increase that is significant, but below the configured one', () => {
    const canary = stats(100_000, { errors: 1_100 });
    const baseline = stats(1_000_000, { errors: 2_000 });
    expect(evaluateCanary(canary, baseline, LIMITS).kind).toBe('healthy');
    expect(evaluateCanary(canary, baseline, { ...LIMITS, maxErrorIncrease: 0.5 }).kind).toBe('rollback');
  });

  it('does not roll back for an increase that chance explains', () => {
    expect(evaluateCanary(stats(200, { errors: 6 }), stats(3_800, { errors: 38 }), LIMITS).kind).toBe(
      'healthy',
    );
  });

  it('does not roll back when both sides fail equally', () => {
    const outage = { errors: 0.8, breakerOpenings: 3 };
    const failing = (requests: number) =>
      stats(requests, { ...outage, errors: requests * outage.errors, degraded: requests / 2 });
    expect(evaluateCanary(failing(400), failing(4_000), LIMITS).kind).toBe('healthy');
  });

  it('rolls back for degraded responses, slow responses and breaker openings', () => {
    const baseline = stats(3_600, { degraded: 4, latencyBuckets: latencies(3_590, 10) });
    const reasonOf = (canary: Partial<Stats>) => evaluateCanary(stats(400, canary), baseline, LIMITS);
    expect(reasonOf({ degraded: 40 })).toEqual({
      kind: 'rollback',
      reason: 'degraded responses 40 of 400 (10.0 %) against 4 of 3,600 (0.1 %)',
    });
    expect(reasonOf({ latencyBuckets: latencies(300, 100) })).toEqual({
      kind: 'rollback',
      reason: 'responses slower than 25 ms 100 of 400 (25.0 %) against 10 of 3,600 (0.3 %)',
    });
    expect(reasonOf({ breakerOpenings: 2 })).toEqual({
      kind: 'rollback',
      reason: 'circuit breakers opened 2 times, against none',
    });
    expect(reasonOf({ breakerOpenings: 1 }).kind).toBe('healthy');
  });

  it('gives the reasons of a healthy canary', () => {
    expect(evaluateCanary(stats(400, { errors: 1 }), stats(3_600, { errors: 12 }), LIMITS)).toEqual({
      kind: 'healthy',
      reason:
        'errors 1 of 400 (0.3 %) against 12 of 3,600 (0.3 %); degraded responses 0 of 400 (0.0 %) against ' +
        '0 of 3,600 (0.0 %); responses slower than 25 ms 0 of 400 (0.0 %) against 0 of 3,600 (0.0 %)',
    });
  });

  it('rarely rolls back a canary that is as good as the baseline, and finds one that is worse', (context) => {
    const random = generator(7);
    const equal = simulate(200, { random, canary: 0.02, baseline: 0.02 });
    const worse = simulate(50, { random, canary: 0.06, baseline: 0.02 });
    recordMeasurement(context, 'canary as good as the baseline: rolled back of 200', equal.rolledBack);
    recordMeasurement(context, 'canary with 6 % errors instead of 2 %: rolled back of 50', worse.rolledBack);
    recordMeasurement(context, '  after requests, on average', Math.round(worse.requests / 50));
    expect(equal.rolledBack).toBeLessThanOrEqual(1);
    expect(worse.rolledBack).toBe(50);
  });
});

test('the share of callers of a canary is its percentage', (context) => {
  const callers = Array.from({ length: 100_000 }, (_, caller) => ({
    identity: { kind: 'anonymous' } as const,
    address: `10.${caller >> 16}.${(caller >> 8) & 255}.${caller & 255}`,
  }));
  const shares = [1, 2, 3].map(
    (launch) => callers.filter((caller) => percentileOf(`launch ${launch}`, caller) < 5).length / 1_000,
  );
  recordMeasurement(context, 'share of 100,000 callers of canaries of 5 %, in percent', shares.join(', '));
  // Three standard deviations.
  for (const share of shares) expect(Math.abs(share - 5)).toBeLessThan(0.21);
});

describe('fisherTest', () => {
  it('equals the sum over all tables with at least as many errors', () => {
    for (const [a, n, b, m] of [
      [0, 5, 0, 5],
      [3, 10, 1, 30],
      [5, 5, 0, 7],
      [1, 30, 9, 40],
      [12, 25, 30, 100],
    ] as const)
      expect(fisherTest({ count: a, of: n }, { count: b, of: m })).toBeCloseTo(enumerated(a, n, b, m), 10);
  });
});

/** Runs canaries of 5 % of the callers up to 2,000 requests, with errors at random. */
function simulate(
  runs: number,
  { random, canary, baseline }: { random: () => number; canary: number; baseline: number },
): { readonly rolledBack: number; readonly requests: number } {
  const errorsOf = (count: number, share: number) =>
    Array.from({ length: count }).filter(() => random() < share).length;
  const result = { rolledBack: 0, requests: 0 };
  for (let run = 0; run < runs; run += 1) {
    const counts = { requests: 0, errors: 0, others: 0, otherErrors: 0 };
    while (counts.requests < 2_000) {
      const added = nextEvaluation(counts.requests) - counts.requests;
      counts.requests += added;
      counts.errors += errorsOf(added, canary);
      counts.others += added * 19;
      counts.otherErrors += errorsOf(added * 19, baseline);
      const { kind } = evaluateCanary(
        stats(counts.requests, { errors: counts.errors }),
        stats(counts.others, { errors: counts.otherErrors }),
        LIMITS,
      );
      if (kind !== 'rollback') continue;
      result.rolledBack += 1;
      result.requests += counts.requests;
      break;
    }
  }
  return result;
}

/** Returns pseudo-random numbers from 0 to 1 (mulberry32), the same ones in each run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Computes the test of Fisher with exact integers. */
function enumerated(a: number, n: number, b: number, m: number): number {
  const marked = a + b;
  let ways = 0n;
  for (let count = a; count <= Math.min(n, marked); count += 1)
    if (marked - count <= m) ways += choose(n, count) * choose(m, marked - count);
  return Number((ways * 10n ** 15n) / choose(n + m, marked)) / 1e15;
}

function choose(from: number, chosen: number): bigint {
  let result = 1n;
  for (let index = 0; index < chosen; index += 1)
    result = (result * BigInt(from - index)) / BigInt(index + 1);
  return result;
}

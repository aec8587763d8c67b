import * as fc from '../support/runs/properties.ts';
import { describe, expect, it } from 'vitest';
import type { Permit } from '../../router/subgraph/call/call.ts';
import type { CallOutcome } from '../../router/subgraph/call/call-result.ts';
import { CircuitBreaker } from '../../router/subgraph/breaker/circuit-breaker.ts';
import type { CircuitBreakerOptions, ForcedState } from '../../router/subgraph/breaker/circuit-breaker.ts';
import { BREAKER_SETTINGS, BreakerModel } from '../support/models/breaker-model.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { createClock } from '../support/time/clock.ts';
import type { Clock } from '../support/time/clock.ts';

function createBreaker(overrides: Partial<CircuitBreakerOptions> = {}) {
  const clock = createClock();
  const changes: string[] = [];
  const breaker = new CircuitBreaker({
    ...BREAKER_SETTINGS,
    monotonic: clock.monotonic,
    random: () => 0,
    onChange: ({ to, forced }) => changes.push(forced ? `${to} (forced)` : to),
    ...overrides,
  });
  return { breaker, clock, changes };
}

function admit(breaker: CircuitBreaker): Permit {
  const permit = breaker.admit();
  if (permit === undefined) throw new Error('rejected');
  return permit;
}

function settle(breaker: CircuitBreaker, outcome: CallOutcome, times = 1): void {
  for (let time = 0; time < times; time += 1) breaker.settle(admit(breaker), outcome);
}

describe('a closed breaker', () => {
  it('opens at the fifth consecutive failure', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'failure', 4);
    expect(breaker.state).toBe('closed');
    settle(breaker, 'unreachable');
    expect(breaker.state).toBe('open');
    expect(breaker.admit()).toBeUndefined();
    expect(breaker.retryAfterMs).toBe(2_000);
  });

  it('opens if half of at least ten calls failed', () => {
    const { breaker } = createBreaker();
    for (let pair = 0; pair < 4; pair += 1) {
      settle(breaker, 'success');
      settle(breaker, 'failure');
    }
    settle(breaker, 'success');
    expect(breaker.state).toBe('closed');
    settle(breaker, 'failure');
    expect(breaker.state).toBe('open');
  });

  it('forgets failures that are older than the window', () => {
    const { breaker, clock } = createBreaker({ consecutiveFailures: 100 });
    settle(breaker, 'failure', 9);
    clock.advance(10_000);
    settle(breaker, 'success', 2);
    settle(breaker, 'failure', 1);
    expect(breaker.state).toBe('closed');
  });

  it('ignores neutral outcomes', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'failure', 4);
    settle(breaker, 'ignored', 1_000);
    expect(breaker.state).toBe('closed');
    settle(breaker, 'failure');
    expect(breaker.state).toBe('open');
  });
});

describe('a half-open breaker', () => {
  function createHalfOpen() {
    const parts = createBreaker();
    settle(parts.breaker, 'failure', 5);
    parts.clock.advance(2_000);
    return parts;
  }

  it('admits one of many simultaneous calls, and doubles that with each success', () => {
    const { breaker } = createHalfOpen();
    const admitMany = (): Permit[] =>
      Array.from({ length: 100 }, () => breaker.admit()).filter((permit) => permit !== undefined);
    const admitted: number[] = [];
    let inFlight: Permit[] = [];
    while (breaker.state === 'half-open') {
      inFlight = [...inFlight, ...admitMany()];
      admitted.push(inFlight.length);
      const [first, ...rest] = inFlight;
      if (first !== undefined) breaker.settle(first, 'success');
      inFlight = rest;
    }
    expect(admitted).toEqual([1, 2, 4, 8, 16]);
    expect(breaker.state).toBe('closed');
  });

  it('ignores the success of a call that began before it opened', () => {
    const { breaker, clock } = createBreaker();
    const stale = Array.from({ length: 50 }, () => admit(breaker));
    settle(breaker, 'failure', 5);
    clock.advance(2_000);
    for (const permit of stale) breaker.settle(permit, 'success');
    expect(breaker.state).toBe('half-open');
  });

  it('ignores the failure of a call that began before it opened', () => {
    const { breaker, clock } = createBreaker();
    const stale = admit(breaker);
    settle(breaker, 'failure', 5);
    clock.advance(2_000);
    breaker.settle(stale, 'failure');
    expect(breaker.state).toBe('half-open');
  });

  it('gives the place of a cancelled probe to the next call', () => {
    const { breaker } = createHalfOpen();
    const probe = admit(breaker);
    expect(breaker.admit()).toBeUndefined();
    breaker.settle(probe, 'ignored');
    expect(breaker.state).toBe('half-open');
    expect(breaker.admit()).toBeDefined();
  });

  it('doubles its open time with each failed probe, up to the maximum', () => {
    const { breaker, clock } = createHalfOpen();
    const stays: (number | undefined)[] = [];
    for (let probe = 0; probe < 7; probe += 1) {
      settle(breaker, 'failure');
      stays.push(breaker.retryAfterMs);
      clock.advance(breaker.retryAfterMs ?? 0);
    }
    expect(stays).toEqual([4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('keeps its open time while no server listens, because a probe then costs nothing', () => {
    const { breaker, clock } = createHalfOpen();
    for (let probe = 0; probe < 7; probe += 1) {
      settle(breaker, 'unreachable');
      expect(breaker.retryAfterMs).toBe(2_000);
      clock.advance(2_000);
    }
  });

  it('closes with an empty window', () => {
    const { breaker } = createHalfOpen();
    settle(breaker, 'success', 5);
    settle(breaker, 'failure', 4);
    expect(breaker.state).toBe('closed');
  });
});

describe('a breaker that is forced', () => {
  it('rejects every call while it is forced open, without a retryAfter', () => {
    const { breaker, clock } = createBreaker();
    breaker.force('open');
    clock.advance(10 * BREAKER_SETTINGS.maxOpenMs);
    expect([breaker.state, breaker.isForced, breaker.retryAfterMs]).toEqual(['open', true, undefined]);
    expect(breaker.admit()).toBeUndefined();
  });

  it('admits every call while it is forced closed', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'failure', 5);
    breaker.force('closed');
    settle(breaker, 'failure', 1_000);
    expect(breaker.state).toBe('closed');
  });

  it('probes after it was forced open', () => {
    const { breaker } = createBreaker();
    breaker.force('open');
    breaker.force('auto');
    admit(breaker);
    expect([breaker.state, breaker.admit()]).toEqual(['half-open', undefined]);
  });

  it('starts with an empty window after it was forced closed', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'failure', 4);
    breaker.force('closed');
    breaker.force('auto');
    settle(breaker, 'failure', 4);
    expect(breaker.state).toBe('closed');
    settle(breaker, 'failure');
    expect(breaker.state).toBe('open');
  });

  it('reports forced changes as such, and nothing if the state stays the same', () => {
    const { breaker, changes } = createBreaker();
    breaker.force('auto');
    breaker.force('open');
    breaker.force('open');
    breaker.force('auto');
    settle(breaker, 'failure');
    expect(changes).toEqual(['open (forced)', 'half-open (forced)', 'open']);
  });

  it('ignores the outcome of a call from before', () => {
    const { breaker } = createBreaker();
    const stale = admit(breaker);
    breaker.force('open');
    breaker.force('auto');
    breaker.settle(stale, 'failure');
    expect(breaker.state).toBe('half-open');
  });
});

it('ignores a late outcome after it was disposed of', () => {
  const { breaker } = createBreaker();
  const permit = admit(breaker);
  breaker[Symbol.dispose]();
  breaker.settle(permit, 'failure');
  expect(breaker.state).toBe('closed');
});

it('spreads the open times of several routers over a fifth', () => {
  const openTimeWith = (random: number): number | undefined => {
    const { breaker } = createBreaker({ random: () => random });
    settle(breaker, 'failure', 5);
    return breaker.retryAfterMs;
  };
  expect([openTimeWith(0), openTimeWith(0.5), openTimeWith(0.999)]).toEqual([2_000, 1_800, 1_601]);
});

it('changes at most twice a minute if the subgraph flaps every five seconds', (context) => {
  const { breaker, clock, changes } = createBreaker();
  const opened: number[] = [];
  for (let second = 0; second < 1_200; second += 1) {
    for (let call = 0; call < 10; call += 1) {
      const permit = breaker.admit();
      const before = changes.length;
      if (permit !== undefined) breaker.settle(permit, second % 10 < 5 ? 'success' : 'failure');
      if (changes.slice(before).includes('open')) opened.push(second);
    }
    clock.advance(1_000);
  }
  const settled = opened.filter((second) => second >= 600).length / 10;
  recordMeasurement(context, 'openings per minute, subgraph flapping every 5 s', settled);
  expect(settled).toBeLessThanOrEqual(2);
});

type Step =
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'admit' }
  | { readonly kind: 'settle'; readonly pick: number; readonly outcome: CallOutcome }
  | { readonly kind: 'force'; readonly to: ForcedState };

const outcomeArbitrary = fc.constantFrom<CallOutcome>(
  'success',
  'success',
  'failure',
  'timeout',
  'unreachable',
  'ignored',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant('advance'), ms: fc.integer({ min: 1, max: 3_000 }) }),
  },
  { weight: 50, arbitrary: fc.constant({ kind: 'admit' }) },
  {
    weight: 50,
    arbitrary: fc.record({ kind: fc.constant('settle'), pick: fc.nat(), outcome: outcomeArbitrary }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('force'), to: fc.constantFrom('open', 'closed', 'auto') }),
  },
);

/** The observable state of a breaker after each step. */
function trace(steps: readonly Step[], breaker: Subject, clock: Clock): string[] {
  const inFlight: Permit[] = [];
  return steps.map((next) => {
    const seen = act(next, breaker, clock, inFlight);
    return `${seen}, then ${breaker.state} ${breaker.retryAfterMs}`;
  });
}

type Subject = Pick<CircuitBreaker, 'admit' | 'settle' | 'force' | 'state' | 'retryAfterMs'>;

function act(next: Step, breaker: Subject, clock: Clock, inFlight: Permit[]): string {
  switch (next.kind) {
    case 'advance':
      clock.advance(next.ms);
      return `${next.ms} ms passed`;
    case 'admit': {
      const permit = breaker.admit();
      if (permit === undefined) return 'rejected';
      inFlight.push(permit);
      return 'admitted';
    }
    case 'settle': {
      const [permit] = inFlight.splice(next.pick % Math.max(inFlight.length, 1), 1);
      if (permit !== undefined) breaker.settle(permit, next.outcome);
      return next.outcome;
    }
    case 'force':
      breaker.force(next.to);
      return `forced ${next.to}`;
  }
}

it('is not closed by successes of calls from before it opened, whenever they arrive', (context) => {
  let falseCloses = 0;
  let settled = 0;
  const steps = fc.array(fc.record({ wait: fc.nat(BREAKER_SETTINGS.maxOpenMs), settle: fc.nat(20) }));
  fc.assert(
    fc.property(steps, (rounds) => {
      const { breaker, clock } = createBreaker();
      const stale = Array.from({ length: 400 }, () => admit(breaker));
      settle(breaker, 'failure', 5);
      for (const { wait, settle: count } of rounds) {
        clock.advance(wait);
        for (const permit of stale.splice(0, count)) {
          breaker.settle(permit, 'success');
          settled += 1;
          if (breaker.state === 'closed') falseCloses += 1;
        }
      }
    }),
    { numRuns: 200 },
  );
  recordMeasurement(context, `breakers wrongly closed by ${settled} stale successes`, falseCloses);
  expect(falseCloses).toBe(0);
});

it('behaves as its model in every sequence of calls, outcomes and waits', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const { breaker, clock } = createBreaker();
      const modelClock = createClock();
      const model = new BreakerModel(BREAKER_SETTINGS, modelClock.monotonic);
      expect(trace(steps, breaker, clock)).toEqual(trace(steps, model, modelClock));
    }),
    { numRuns: 300 },
  );
});

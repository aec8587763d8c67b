import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../router/upstream/call.ts';
import { CircuitBreaker } from '../../router/upstream/circuit-breaker.ts';
import type { CircuitBreakerOptions, Permit } from '../../router/upstream/circuit-breaker.ts';
import { createManualClock } from '../support/manual-clock.ts';

const SETTINGS = {
  errorPercent: 50,
  minCalls: 10,
  consecutiveFailures: 5,
  windowMs: 10_000,
  openMs: 2_000,
  maxOpenMs: 60_000,
};

function createBreaker(overrides: Partial<CircuitBreakerOptions> = {}) {
  const clock = createManualClock();
  const changes: string[] = [];
  const breaker = new CircuitBreaker({
    ...SETTINGS,
    monotonic: clock.monotonic,
    random: () => 0,
    changed: (_, to) => changes.push(to),
    ...overrides,
  });
  return { breaker, clock, changes };
}

function admit(breaker: CircuitBreaker): Permit {
  const permit = breaker.admit();
  if (permit === undefined) throw new Error('refused');
  return permit;
}

function settle(breaker: CircuitBreaker, verdict: Verdict, times = 1): void {
  for (let time = 0; time < times; time += 1) breaker.settle(admit(breaker), verdict);
}

describe('a closed breaker', () => {
  it('opens at the fifth failure in a row', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'ill', 4);
    expect(breaker.state).toBe('closed');
    settle(breaker, 'unreachable');
    expect(breaker.state).toBe('open');
    expect(breaker.admit()).toBeUndefined();
    expect(breaker.retryAfterMs).toBe(2_000);
  });

  it('opens when half of at least ten calls failed', () => {
    const { breaker } = createBreaker();
    for (let pair = 0; pair < 4; pair += 1) {
      settle(breaker, 'healthy');
      settle(breaker, 'ill');
    }
    settle(breaker, 'healthy');
    expect(breaker.state).toBe('closed');
    settle(breaker, 'ill');
    expect(breaker.state).toBe('open');
  });

  it('forgets failures that are older than the window', () => {
    const { breaker, clock } = createBreaker({ consecutiveFailures: 100 });
    settle(breaker, 'ill', 9);
    clock.advance(10_000);
    settle(breaker, 'healthy', 2);
    settle(breaker, 'ill', 1);
    expect(breaker.state).toBe('closed');
  });

  it('is not moved by neutral outcomes', () => {
    const { breaker } = createBreaker();
    settle(breaker, 'ill', 4);
    settle(breaker, 'neutral', 1_000);
    expect(breaker.state).toBe('closed');
    settle(breaker, 'ill');
    expect(breaker.state).toBe('open');
  });
});

describe('a half-open breaker', () => {
  function createHalfOpen() {
    const parts = createBreaker();
    settle(parts.breaker, 'ill', 5);
    parts.clock.advance(2_000);
    return parts;
  }

  it('lets one call pass of a herd, and doubles that with each success', () => {
    const { breaker } = createHalfOpen();
    const herd = (): Permit[] =>
      Array.from({ length: 100 }, () => breaker.admit()).filter((permit) => permit !== undefined);
    const admitted: number[] = [];
    let underWay: Permit[] = [];
    while (breaker.state === 'half-open') {
      underWay = [...underWay, ...herd()];
      admitted.push(underWay.length);
      const [first, ...rest] = underWay;
      if (first !== undefined) breaker.settle(first, 'healthy');
      underWay = rest;
    }
    expect(admitted).toEqual([1, 2, 4, 8, 16]);
    expect(breaker.state).toBe('closed');
  });

  it('ignores the success of a call that began before it opened', () => {
    const { breaker, clock } = createBreaker();
    const stale = Array.from({ length: 50 }, () => admit(breaker));
    settle(breaker, 'ill', 5);
    clock.advance(2_000);
    for (const permit of stale) breaker.settle(permit, 'healthy');
    expect(breaker.state).toBe('half-open');
  });

  it('ignores the failure of a call that began before it opened', () => {
    const { breaker, clock } = createBreaker();
    const stale = admit(breaker);
    settle(breaker, 'ill', 5);
    clock.advance(2_000);
    breaker.settle(stale, 'ill');
    expect(breaker.state).toBe('half-open');
  });

  it('gives the place of a cancelled probe to the next', () => {
    const { breaker } = createHalfOpen();
    const probe = admit(breaker);
    expect(breaker.admit()).toBeUndefined();
    breaker.settle(probe, 'neutral');
    expect(breaker.state).toBe('half-open');
    expect(breaker.admit()).toBeDefined();
  });

  it('doubles its stay with each failed probe, up to the longest', () => {
    const { breaker, clock } = createHalfOpen();
    const stays: (number | undefined)[] = [];
    for (let probe = 0; probe < 7; probe += 1) {
      settle(breaker, 'ill');
      stays.push(breaker.retryAfterMs);
      clock.advance(breaker.retryAfterMs ?? 0);
    }
    expect(stays).toEqual([4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('keeps its stay while nothing listens, because asking then is free', () => {
    const { breaker, clock } = createHalfOpen();
    for (let probe = 0; probe < 7; probe += 1) {
      settle(breaker, 'unreachable');
      expect(breaker.retryAfterMs).toBe(2_000);
      clock.advance(2_000);
    }
  });

  it('closes with an empty window', () => {
    const { breaker } = createHalfOpen();
    settle(breaker, 'healthy', 5);
    settle(breaker, 'ill', 4);
    expect(breaker.state).toBe('closed');
  });
});

it('spreads the stays of several routers over a fifth', () => {
  const stayWith = (random: number): number | undefined => {
    const { breaker } = createBreaker({ random: () => random });
    settle(breaker, 'ill', 5);
    return breaker.retryAfterMs;
  };
  expect([stayWith(0), stayWith(0.5), stayWith(0.999)]).toEqual([2_000, 1_800, 1_601]);
});

it('changes at most twice a minute when the subgraph flaps every five seconds', () => {
  const { breaker, clock, changes } = createBreaker();
  const opened: number[] = [];
  for (let second = 0; second < 1_200; second += 1) {
    for (let call = 0; call < 10; call += 1) {
      const permit = breaker.admit();
      const before = changes.length;
      if (permit !== undefined) breaker.settle(permit, second % 10 < 5 ? 'healthy' : 'ill');
      if (changes.slice(before).includes('open')) opened.push(second);
    }
    clock.advance(1_000);
  }
  const settled = opened.filter((second) => second >= 600).length / 10;
  console.log(`openings a minute under flapping: ${settled}`);
  expect(settled).toBeLessThanOrEqual(2);
});

/** What the breaker should do, written without buckets, permits or opossum. */
type Model = {
  state: 'closed' | 'open' | 'half-open';
  epoch: number;
  until: number;
  trips: number;
  closedAt: number;
  inARow: number;
  successes: number;
  probes: number;
  windowStart: number;
  calls: { readonly at: number; readonly failed: boolean }[];
};

type Step =
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'admit' }
  | { readonly kind: 'settle'; readonly pick: number; readonly verdict: Verdict };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
  },
  { weight: 5, arbitrary: fc.constant({ kind: 'admit' as const }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      pick: fc.nat(),
      verdict: fc.constantFrom<Verdict>('healthy', 'healthy', 'ill', 'late', 'unreachable', 'neutral'),
    }),
  },
);

function createModel(): Model {
  const counters = { epoch: 0, until: 0, trips: 0, inARow: 0, successes: 0, probes: 0, windowStart: 0 };
  return { state: 'closed', closedAt: Number.NEGATIVE_INFINITY, calls: [], ...counters };
}

function coolDown(model: Model, now: number): void {
  if (model.state !== 'open' || now < model.until) return;
  Object.assign(model, { state: 'half-open', epoch: model.epoch + 1, successes: 0, probes: 0 });
}

function admits(model: Model): boolean {
  if (model.state === 'half-open' && model.probes < 2 ** model.successes) model.probes += 1;
  else if (model.state !== 'closed') return false;
  return true;
}

function trip(model: Model, now: number, trips: number): void {
  const until = now + Math.min(SETTINGS.openMs * 2 ** (trips - 1), SETTINGS.maxOpenMs);
  Object.assign(model, { state: 'open', epoch: model.epoch + 1, until, trips });
}

function settleClosed(model: Model, now: number, failed: boolean): void {
  model.calls.push({ at: now, failed });
  model.inARow = failed ? model.inARow + 1 : 0;
  const bucketOf = (time: number): number =>
    Math.floor((time - model.windowStart) / (SETTINGS.windowMs / 10));
  const recent = model.calls.filter(({ at }) => bucketOf(now) - bucketOf(at) < 10);
  const failures = recent.filter((call) => call.failed).length;
  const byShare =
    recent.length >= SETTINGS.minCalls && failures / recent.length >= SETTINGS.errorPercent / 100;
  if (!failed || !(byShare || model.inARow >= SETTINGS.consecutiveFailures)) return;
  trip(model, now, now - model.closedAt < SETTINGS.maxOpenMs ? model.trips + 1 : 1);
}

function settleHalfOpen(model: Model, now: number, verdict: Verdict): void {
  model.probes -= 1;
  if (verdict === 'ill' || verdict === 'late') trip(model, now, model.trips + 1);
  if (verdict === 'unreachable') trip(model, now, model.trips);
  if (verdict !== 'healthy') return;
  model.successes += 1;
  if (model.successes < 5) return;
  Object.assign(model, {
    state: 'closed',
    epoch: model.epoch + 1,
    closedAt: now,
    inARow: 0,
    windowStart: now,
    calls: [],
  });
}

it('behaves as its model in every sequence of calls, outcomes and waits', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
      const { breaker, clock } = createBreaker();
      const model = createModel();
      const underWay: { readonly permit: Permit; readonly epoch: number }[] = [];
      for (const next of steps) {
        const now = clock.monotonic();
        coolDown(model, now);
        if (next.kind === 'advance') {
          clock.advance(next.ms);
        } else if (next.kind === 'admit') {
          const permit = breaker.admit();
          expect(permit !== undefined).toBe(admits(model));
          if (permit !== undefined) underWay.push({ permit, epoch: model.epoch });
        } else {
          const [call] = underWay.splice(next.pick % Math.max(underWay.length, 1), 1);
          if (call === undefined) continue;
          breaker.settle(call.permit, next.verdict);
          if (call.epoch !== model.epoch) continue;
          if (model.state === 'half-open') settleHalfOpen(model, now, next.verdict);
          else if (next.verdict !== 'neutral') settleClosed(model, now, next.verdict !== 'healthy');
        }
        coolDown(model, clock.monotonic());
        expect(breaker.state).toBe(model.state);
        expect(breaker.retryAfterMs).toBe(
          model.state === 'open' ? Math.ceil(model.until - clock.monotonic()) : undefined,
        );
      }
    }),
    { numRuns: 300 },
  );
});

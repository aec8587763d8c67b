import { describe, expect, it } from 'vitest';
import { ConcurrencyLimit } from '../../router/load-shedding/concurrency-limit.ts';
import { createPressureWatch } from '../../router/load-shedding/pressure.ts';
import type { Pressure } from '../../router/load-shedding/pressure.ts';
import { priorityOfBody } from '../../router/load-shedding/priority.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { simulate } from '../support/models/simulated-process.ts';

const LIMIT = { delayMs: 50, heap: 0.85, max: 4_096 };
const REJECTION_MS = 0.03;

describe('the priority of a request without a token', () => {
  it.each([
    'mutation { login }',
    '# Signs in.\n# By email.\r\n , mutation Login { login }',
    '\uFEFFmutation{login}',
  ])('may be that of a mutation: %j', (query) => {
    expect(priorityOfBody({}, { query })).toBe('unread');
  });

  it.each(['{ mutation }', 'query mutation { a }', '# mutation', '#'.repeat(20_000), 'mutations { a }'])(
    'is that of a query: %j',
    (query) => {
      expect(priorityOfBody({}, { query })).toBe('anonymous');
    },
  );
});

describe('the concurrency limit of a simulated process', () => {
  it.each([
    { cpuMs: 0.3, subgraphMs: 1 },
    { cpuMs: 0.3, subgraphMs: 50 },
    { cpuMs: 1.3, subgraphMs: 1 },
    { cpuMs: 1.3, subgraphMs: 50 },
    { cpuMs: 3, subgraphMs: 1 },
    { cpuMs: 3, subgraphMs: 50 },
  ])(
    'at three times its capacity uses the time that rejections leave: $cpuMs ms of work, $subgraphMs ms in a subgraph',
    ({ cpuMs, subgraphMs }) => {
      const capacity = 1_000 / cpuMs;
      const load = { limit: LIMIT, cpuMs, subgraphMs, rejectionMs: REJECTION_MS, seconds: 8, settleS: 3 };
      const { servedPerSecond, rejectionP99Ms } = simulate({ ...load, rate: 3 * capacity });
      const best = (capacity - 3 * capacity * (REJECTION_MS / cpuMs)) / (1 - REJECTION_MS / cpuMs);
      expect(servedPerSecond / best).toBeGreaterThan(0.98);
      expect(rejectionP99Ms).toBeLessThan(20);
    },
  );

  it.each([
    { cpuMs: 1.5, subgraphMs: 1 },
    { cpuMs: 3, subgraphMs: 1 },
    { cpuMs: 6, subgraphMs: 50 },
    { cpuMs: 12, subgraphMs: 5 },
  ])(
    'rejects within 25 ms a second after an overload has begun: $cpuMs ms of work, $subgraphMs ms in a subgraph',
    ({ cpuMs, subgraphMs }) => {
      const load = { limit: LIMIT, cpuMs, subgraphMs, rejectionMs: REJECTION_MS, seconds: 2.5, settleS: 1 };
      expect(simulate({ ...load, rate: 3_000 / cpuMs }).rejectionP50Ms).toBeLessThan(25);
    },
  );

  it('delays no request by much when it is lifted although the overload lasts', () => {
    const load = {
      limit: LIMIT,
      cpuMs: 2,
      subgraphMs: 5,
      rejectionMs: REJECTION_MS,
      seconds: 35,
      settleS: 3,
    };
    const { servedPerSecond, servedP99Ms, rejectionP99Ms } = simulate({ ...load, rate: 1_500 });
    expect(servedPerSecond).toBeGreaterThan(470);
    expect(servedP99Ms).toBeLessThan(300);
    expect(rejectionP99Ms).toBeLessThan(200);
  });

  it('rejects nothing up to nine tenths of its capacity', () => {
    for (const cpuMs of [0.3, 3, 20]) {
      const load = { limit: LIMIT, cpuMs, subgraphMs: 50, rejectionMs: REJECTION_MS, seconds: 6, settleS: 0 };
      expect(simulate({ ...load, rate: 900 / cpuMs }).rejected).toBe(0);
    }
  });

  it('executes 95 % of its peak at three times the load if a response takes 2 ms', (context) => {
    const load = { limit: LIMIT, cpuMs: 2, subgraphMs: 5, rejectionMs: REJECTION_MS, seconds: 8, settleS: 3 };
    const { servedPerSecond, rejectionP99Ms } = simulate({ ...load, rate: 1_500 });
    recordMeasurement(
      context,
      'simulated goodput at 3x capacity, % of peak',
      (servedPerSecond / 5).toFixed(1),
    );
    recordMeasurement(context, 'simulated rejections at 3x capacity: p99, ms', rejectionP99Ms.toFixed(1));
    expect(servedPerSecond).toBeGreaterThan(475);
  });
});

describe('the concurrency limit', () => {
  const QUIET: Pressure = { ms: 100, delayMs: 0, busy: 0.5, heap: 0.2 };

  function limitWith(inFlight: number): ConcurrencyLimit {
    const limit = new ConcurrencyLimit(LIMIT);
    for (let count = 0; count < inFlight; count++) limit.enter();
    return limit;
  }

  it('is at its maximum while there is no pressure', () => {
    const limit = limitWith(1_000);
    limit.adjust({ ...QUIET, delayMs: 49, busy: 1 });
    expect(limit.limit).toBe(LIMIT.max);
  });

  it('ignores delay while the event loop has spare time', () => {
    const limit = limitWith(1_000);
    limit.adjust({ ...QUIET, delayMs: 200, busy: 0.9 });
    expect(limit.isWorking).toBe(false);
  });

  it('ignores a single pause', () => {
    const limit = limitWith(1_000);
    limit.adjust({ ...QUIET, ms: 2_000, delayMs: 400, busy: 1 });
    limit.adjust(QUIET);
    expect(limit.isWorking).toBe(false);
  });

  it('ignores delay while hardly any request is in flight', () => {
    const limit = limitWith(10);
    for (let report = 0; report < 10; report++) limit.adjust({ ...QUIET, delayMs: 200, busy: 1 });
    expect(limit.isWorking).toBe(false);
  });

  it('is below the requests in flight while the event loop stays late, and admits as many again within a second', () => {
    const limit = limitWith(200);
    for (let report = 0; report < 2; report++) limit.adjust({ ...QUIET, delayMs: 400, busy: 1 });
    expect(limit.limit).toBeLessThanOrEqual(200);
    let seconds = 0;
    for (; limit.limit < 400; seconds += 0.1) limit.adjust(QUIET);
    expect(seconds).toBeLessThan(1);
  });

  it('lifts itself in steps after a while, and later the next time if the event loop is late again', () => {
    const limit = limitWith(200);
    const late: Pressure = { ...QUIET, delayMs: 400, busy: 1 };
    const onTime: Pressure = { ...QUIET, busy: 1 };
    const reportsUntil = (isReached: () => boolean, pressure: Pressure) => {
      let reports = 0;
      for (; !isReached(); reports++) limit.adjust(pressure);
      return reports;
    };
    const secondsHeld = () => {
      reportsUntil(() => limit.isWorking, late);
      let before = limit.limit;
      const grows = () => limit.limit > before || ((before = limit.limit), false);
      return reportsUntil(grows, late) / 10;
    };
    expect(secondsHeld()).toBeCloseTo(10, 0);
    expect(reportsUntil(() => !limit.isWorking, onTime)).toBeLessThan(20);
    expect(limit.limit).toBe(LIMIT.max);
    expect(secondsHeld()).toBeCloseTo(20, 0);
    reportsUntil(() => !limit.isWorking, onTime);
    for (let report = 0; report < 300; report++) limit.adjust(QUIET);
    expect(secondsHeld()).toBeCloseTo(10, 0);
  });

  it('halves repeatedly while too much of the heap is in use', () => {
    const limit = limitWith(80);
    limit.adjust({ ...QUIET, heap: 0.9 });
    expect(limit.limit).toBe(40);
    limit.adjust({ ...QUIET, heap: 0.9 });
    expect(limit.limit).toBe(20);
  });

  it('admits nothing while the heap is full, and something as soon as it is not', () => {
    const limit = limitWith(80);
    limit.adjust({ ...QUIET, heap: 0.96 });
    expect(limit.limit).toBe(0);
    limit.adjust(QUIET);
    expect(limit.limit).toBeGreaterThan(0);
  });

  it('admits a few while the heap is full without requests: V8 collects garbage only under work', () => {
    const limit = limitWith(1);
    limit.adjust({ ...QUIET, heap: 0.96 });
    expect(limit.limit).toBe(0);
    limit.leave();
    limit.adjust({ ...QUIET, heap: 0.96 });
    expect(limit.limit).toBe(2);
  });
});

describe('the event-loop watch', () => {
  /** Runs ticks with the given delays; the last delay repeats. */
  function delaysSeen(lateness: readonly number[], reports: number): number[] {
    let now = 0;
    const seen: number[] = [];
    const timers: { action: () => void; dueAt: number }[] = [];
    const watch = createPressureWatch({
      monotonic: () => now,
      schedule: (action, delayMs) => {
        timers.push({ action, dueAt: now + delayMs });
        return { [Symbol.dispose]: () => undefined };
      },
    });
    using _ = watch(({ delayMs }) => seen.push(delayMs));
    for (let tick = 0; seen.length < reports; tick++) {
      const timer = timers.shift();
      now = (timer?.dueAt ?? 0) + (lateness[Math.min(tick, lateness.length - 1)] ?? 0);
      timer?.action();
    }
    return seen;
  }

  it('reports much less for one pause than for a queue', () => {
    const [pause = 0] = delaysSeen([0, 0, 60, 0], 1);
    const [queue = 0] = delaysSeen([60], 1);
    expect(pause).toBeLessThan(25);
    expect(queue).toBe(60);
  });

  it('reports immediately after a long block', () => {
    expect(delaysSeen([0, 2_000], 1)).toEqual([1_000]);
  });
});

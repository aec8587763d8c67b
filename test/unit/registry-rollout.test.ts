import { describe, expect, it } from 'vitest';
import { rolloutSettingsSchema } from '../../checks/canary.ts';
import type { Stats } from '../../checks/canary.ts';
import { evaluateRollout } from '../../registry/rollout/evaluate-rollout.ts';
import type { CanaryReport } from '../../registry/rollout/evaluate-rollout.ts';
import {
  advance,
  beginAgain,
  endCanary,
  pause,
  promote,
  publishLaunch,
  resume,
  rollBackTo,
  serve,
} from '../../registry/rollout/rollout-change.ts';

const DIRECT = rolloutSettingsSchema.parse({});
const CANARY = rolloutSettingsSchema.parse({ strategy: 'canary', stepMinutes: 5 });
const RUNNING = { launch: 2, percent: 5, state: 'running', began: 7 } as const;
const STATE = { serving: 1, canary: RUNNING };
const MINUTE = 60_000;

function stats(requests: number, errors = 0): Stats {
  const latencyBuckets = Array.from({ length: 14 }, (_, bucket) => (bucket === 3 ? requests : 0));
  return { requests, errors, degraded: 0, breakerOpenings: 0, latencyBuckets };
}

/** Returns the report of a router with these requests of the canary and nineteen times as many others. */
function report(instance: string, requests: number, { errors = 0, ...others }: Record<string, number> = {}) {
  const step = { launch: 2, began: 7, percent: 5, ...others };
  const window = { fromMs: 0, toMs: 1 };
  return {
    instance,
    canaryStats: { ...step, window, canary: stats(requests, errors), baseline: stats(requests * 19) },
  };
}

describe('a launch', () => {
  it('is served at once if it is the first or the strategy is direct', () => {
    const first = publishLaunch(undefined, { launch: 1, cause: 'publish a', settings: CANARY });
    expect(first).toMatchObject({ serving: 1, canary: null, statuses: [{ launch: 1, status: 'SERVING' }] });
    const second = publishLaunch(
      { serving: 1, canary: null },
      { launch: 2, cause: 'publish a', settings: DIRECT },
    );
    expect(second).toEqual({
      serving: 2,
      canary: null,
      rollback: false,
      reason: 'publish a',
      subgraphsOf: null,
      statuses: [
        { launch: 1, status: 'SUPERSEDED' },
        { launch: 2, status: 'SERVING' },
      ],
    });
  });

  it('begins as a canary of the first step, and supersedes a running canary', () => {
    expect(publishLaunch(STATE, { launch: 3, cause: 'publish b', settings: CANARY })).toEqual({
      serving: 1,
      canary: { launch: 3, percent: 5, state: 'running', began: null },
      rollback: false,
      reason: 'publish b',
      subgraphsOf: null,
      statuses: [
        { launch: 2, status: 'SUPERSEDED' },
        { launch: 3, status: 'CANARY' },
      ],
    });
  });

  it('goes through all steps to all callers', () => {
    const step = advance(STATE, CANARY, 'no errors');
    expect(step).toMatchObject({ serving: 1, canary: { launch: 2, percent: 25, began: 7 }, statuses: [] });
    expect(step.reason).toBe('launch 2 goes on to 25 % of the callers: no errors');
    const last = advance({ serving: 1, canary: { ...RUNNING, percent: 25 } }, CANARY, 'no errors');
    expect(last).toEqual(promote(STATE, 'no errors'));
    expect(last).toEqual({
      serving: 2,
      canary: null,
      rollback: false,
      reason: 'launch 2 is promoted: no errors',
      subgraphsOf: null,
      statuses: [
        { launch: 1, status: 'SUPERSEDED' },
        { launch: 2, status: 'SERVING' },
      ],
    });
  });

  it('goes on by the steps that are configured now, if they change while it is a canary', () => {
    const settings = { ...CANARY, steps: [1, 10, 50] };
    expect(advance(STATE, settings, '').canary?.percent).toBe(10);
    expect(advance(STATE, { ...CANARY, steps: [1] }, '').serving).toBe(2);
  });

  it('is paused, resumed, rolled back and begun again', () => {
    expect(pause(STATE, 'holiday')).toMatchObject({ canary: { state: 'paused', began: 7, percent: 5 } });
    const paused = { serving: 1, canary: { ...RUNNING, state: 'paused' as const } };
    expect(resume(paused, 'back')).toMatchObject({
      canary: { state: 'running', began: 7 },
      statuses: [{ launch: 2, status: 'CANARY' }],
    });
    expect(endCanary(STATE, 'errors')).toEqual({
      serving: 1,
      canary: null,
      rollback: true,
      reason: 'launch 2 is rolled back: errors',
      subgraphsOf: 1,
      statuses: [{ launch: 2, status: 'ROLLED_BACK' }],
    });
    const again = beginAgain({ serving: 1, canary: null }, { launch: 2, settings: CANARY, reason: 'fixed' });
    expect(again.subgraphsOf).toBe(2);
    expect(again.canary).toEqual({ launch: 2, percent: 5, state: 'running', began: null });
  });

  it('that is served is rolled back to an earlier one, which ends a canary', () => {
    expect(rollBackTo({ serving: 3, canary: { ...RUNNING, launch: 4 } }, 1, 'orders fail')).toEqual({
      serving: 1,
      canary: null,
      rollback: true,
      reason: 'launch 3 is rolled back to 1: orders fail',
      subgraphsOf: 1,
      statuses: [
        { launch: 4, status: 'SUPERSEDED' },
        { launch: 3, status: 'ROLLED_BACK' },
        { launch: 1, status: 'SERVING' },
      ],
    });
    expect(serve({ serving: 1, canary: null }, 3, 'by hand')).toMatchObject({
      serving: 3,
      rollback: false,
      subgraphsOf: 3,
    });
  });
});

describe('evaluateRollout', () => {
  const evaluate = (reports: readonly CanaryReport[], options: object = {}) => {
    const { stepMs, settings, ...canary } = { stepMs: 5 * MINUTE, settings: CANARY, ...options };
    return evaluateRollout({ serving: 1, canary: { ...RUNNING, ...canary } }, settings, { reports, stepMs });
  };

  it('goes on when the sum of all routers is healthy for long enough', () => {
    const reports = [report('a', 120), report('b', 80)];
    expect(evaluate(reports)).toMatchObject({ canary: { percent: 25 } });
    expect(evaluate(reports)?.reason).toMatch(/errors 0 of 200 \(0.0 %\) against 0 of 3,800 .*of 2 routers$/);
    expect(evaluate(reports, { stepMs: 5 * MINUTE - 1 })).toBeUndefined();
    expect(evaluate([report('a', 120), report('b', 79)])).toBeUndefined();
  });

  it('waits while it is paused or is to be promoted manually, but still rolls back', () => {
    const healthy = [report('a', 1_000)];
    const failing = [report('a', 1_000, { errors: 100 })];
    for (const options of [{ state: 'paused' }, { settings: { ...CANARY, promoteAutomatically: false } }]) {
      expect(evaluate(healthy, options)).toBeUndefined();
      expect(evaluate(failing, options)).toMatchObject({ canary: null, rollback: true });
    }
  });

  it('rolls back for the sum of counts that no router could decide alone', () => {
    const reports = ['a', 'b', 'c', 'd'].map((instance) => report(instance, 100, { errors: 10 }));
    expect(evaluate(reports)?.reason).toMatch(
      /^launch 2 is rolled back: errors 40 of 400 \(10.0 %\) against 0 of 7,600 .*of 4 routers$/,
    );
  });

  it('rolls back as soon as one router has decided so', () => {
    const decision = { kind: 'rollback', launch: 2, began: 7, reason: 'errors 20 of 20' };
    expect(evaluate([report('a', 1_000), { instance: 'b', decision }])?.reason).toBe(
      'launch 2 is rolled back: router b found errors 20 of 20',
    );
  });

  it('ignores reports of other launches, earlier canaries and earlier steps, and malformed ones', () => {
    const late = { kind: 'rollback', launch: 2, began: 3, reason: 'errors' };
    const reports = [
      report('a', 1_000, { errors: 900, launch: 1 }),
      report('b', 1_000, { errors: 900, began: 3 }),
      report('c', 1_000, { errors: 900, percent: 1 }),
      { instance: 'd', canaryStats: { launch: 2 }, decision: 'rollback' },
      { instance: 'e', decision: late },
      { instance: 'f' },
    ];
    expect(evaluate(reports)).toBeUndefined();
    expect(evaluateRollout({ serving: 2, canary: null }, CANARY, { reports, stepMs: 1 })).toBeUndefined();
  });
});

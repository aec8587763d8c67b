import { describe, expect, test } from 'vitest';
import type { CheckReport, OperationResult, PlanComparison } from '../../checks/report.ts';
import { compareTraffic } from '../../console/publish/canary-figures.ts';
import { changedSubgraphs } from '../../console/publish/changed-subgraphs.ts';
import { changedPlans, markedLine, sectionsOf, verdictOf } from '../../console/publish/check-summary.ts';
import { usageTable } from '../../console/publish/usage-days.ts';

const plan: PlanComparison = {
  callsBefore: 2,
  callsAfter: 2,
  costBefore: 10,
  costAfter: 10,
  depthBefore: 1,
  depthAfter: 1,
  subgraphsBefore: ['a'],
  subgraphsAfter: ['a'],
  callChanges: {},
};

const operation = (id: string, more: Partial<OperationResult> = {}): OperationResult => ({
  id,
  name: id,
  client: 'web',
  clients: [],
  calls: 1,
  lastSeen: null,
  verdict: 'safe',
  reasons: [],
  plan,
  ...more,
});

const empty: CheckReport = {
  success: true,
  composition: { errors: [], hints: [] },
  operations: [],
  changes: [],
  access: [],
  lint: [],
  contracts: [],
  evidence: {
    operations: 0,
    calls: 0,
    sinceDays: null,
    leftOut: { belowCalls: 0, excludedClients: 0, notSeen: 0 },
  },
};

const textsOf = (report: CheckReport) =>
  Object.fromEntries(sectionsOf(report).map(({ id, result, text }) => [id, `${result}: ${text}`]));

describe('the sections of a check report', () => {
  test('of a change without effect are passed', () => {
    expect(textsOf(empty)).toEqual({
      composition: 'passed: nothing found',
      operations: 'passed: none recorded, so nothing can break',
      plans: 'passed: all equal',
      access: 'passed: unchanged',
      lint: 'passed: nothing found',
      changes: 'passed: none',
    });
  });

  test('say what breaks, waits longer, loses access, and is new in lint', () => {
    const finding = { code: 'X', message: 'x' };
    const report: CheckReport = {
      ...empty,
      composition: { errors: [finding], hints: [finding, finding] },
      operations: [
        operation('a', { verdict: 'breaks' }),
        operation('b', { plan: { ...plan, depthAfter: 2 } }),
        operation('c', { plan: { ...plan, callChanges: { a: -1 } } }),
        operation('d', { plan: null, verdict: 'changes' }),
      ],
      access: [
        { coordinate: 'A.b', effect: 'tightened', message: '', operations: ['a'] },
        { coordinate: 'A.c', effect: 'loosened', message: '', operations: [] },
      ],
      lint: [
        { ...finding, severity: 'warning', isNew: true },
        { ...finding, severity: 'error', isNew: false },
      ],
      contracts: [
        { name: 'partner', success: false, composition: empty.composition, operations: [], changes: [] },
      ],
      replay: {
        sent: 3,
        equal: 2,
        different: [
          { id: 'a', path: 'x' },
          { id: 'a', path: 'y' },
        ],
        skipped: [],
      },
      evidence: { ...empty.evidence, operations: 4 },
    };
    expect(textsOf(report)).toEqual({
      composition: 'failed: 1 error, 2 hints',
      operations: 'failed: 1 break, 1 change, 2 safe',
      plans: 'notes: 2 differ, 1 wait longer',
      access: 'failed: 1 tightened, 1 loosened',
      lint: 'notes: 1 new warning',
      contracts: 'failed: 1 of 1 failed',
      replay: 'failed: 3 sent, 1 with different responses',
      changes: 'passed: none',
    });
    expect(changedPlans(report).map(({ id }) => id)).toEqual(['b', 'c']);
  });

  test('fail for what only operations that are not recorded use', () => {
    const report: CheckReport = {
      ...empty,
      success: false,
      changes: [
        {
          code: 'FIELD_REMOVED',
          coordinate: 'A.c',
          message: '',
          criticality: 'breaking',
          verdict: 'breaks',
          usedBy: { operations: 0, calls: 0, clients: [], unlistedCalls: 9 },
        },
      ],
      access: [{ coordinate: 'A.b', effect: 'tightened', message: '', operations: [], unlistedCalls: 3 }],
    };
    expect(textsOf(report)).toMatchObject({
      operations: 'passed: none recorded',
      access: 'failed: 1 tightened, 0 loosened',
      changes: 'failed: 1, 1 of them breaking if used, 1 used by operations that are not recorded',
    });
  });

  test('list operations by calls', () => {
    const all = [operation('a'), operation('b', { calls: 9 }), operation('c', { calls: null })];
    expect(verdictOf(all, 'safe').map(({ id }) => id)).toEqual(['b', 'a', 'c']);
  });

  test('mark the name at which a line breaks', () => {
    const reason = { verdict: 'breaks', coordinate: null, code: '', message: '' } as const;
    expect(markedLine({ ...reason, line: 3, column: 9, source: '  items name(x: 1)' })).toEqual({
      line: 3,
      before: '  items ',
      marked: 'name',
      after: '(x: 1)',
    });
    const long = { ...reason, line: 1, column: 201, source: `${'a '.repeat(100)}name` };
    expect(markedLine(long)).toMatchObject({ before: `…${'a '.repeat(30)}`, marked: 'name' });
    expect(markedLine(reason)).toBeNull();
    expect(markedLine({ ...reason, line: 1, column: 99, source: 'a' })).toMatchObject({
      before: 'a',
      marked: '',
    });
  });
});

test('canary and rest are compared with the number of requests behind each share', () => {
  const side = (requests: number, errors: number, slow: number) => ({
    requests,
    errors,
    degraded: 0,
    breakerOpenings: 0,
    latency: [
      { toMs: 10, requests: requests - slow },
      { toMs: null, requests: slow },
    ],
  });
  const rows = compareTraffic(side(400, 38, 40), side(3_600, 12, 0));
  expect(rows.map(({ name, canary, rest, isHigher }) => [name, canary, rest, isHigher])).toEqual([
    ['errors', '9.5 % (38 of 400)', '0.3 % (12 of 3,600)', true],
    ['degraded', '0.0 % (0 of 400)', '0.0 % (0 of 3,600)', false],
    ['p50', '0 to 10 ms', '0 to 10 ms', false],
    ['p95', 'over 10 ms', '0 to 10 ms', true],
    ['p99', 'over 10 ms', '0 to 10 ms', true],
    ['breaker openings', '0', '0', false],
  ]);
  expect(compareTraffic(side(0, 0, 0), side(0, 0, 0))[0]?.canary).toBe('no requests');
  const alone = compareTraffic(side(400, 38, 40), side(0, 0, 0));
  expect(alone.filter(({ isHigher }) => isHigher)).toEqual([]);
});

test('usage has a value for each day and the clients with the most calls', () => {
  const rows = [
    { day: '2030-02-27', client: 'web', calls: 4 },
    { day: '2030-03-01', client: '', calls: 1 },
    { day: '2030-03-01', client: 'web', calls: 2 },
  ];
  expect(usageTable(rows)).toEqual({
    days: ['2030-02-27', '2030-02-28', '2030-03-01'],
    clients: [
      { name: 'web', calls: [4, 0, 2], sum: 6 },
      { name: 'unnamed client', calls: [0, 0, 1], sum: 1 },
    ],
  });
  const many = Array.from({ length: 12 }, (_, index) => ({
    day: '2030-02-27',
    client: `c${index}`,
    calls: 1,
  }));
  expect(usageTable(many).clients.at(-1)).toEqual({ name: '5 other clients', calls: [5], sum: 5 });
  expect(usageTable([])).toEqual({ days: [], clients: [] });
});

test('the subgraphs of a launch are compared with those of the launch before', () => {
  const launch = (versions: Readonly<Record<string, number>>) => ({
    subgraphs: Object.entries(versions).map(([name, version]) => ({ name, version, commit: null })),
  });
  const changes = changedSubgraphs(launch({ a: 1, b: 2, d: 1 }), launch({ a: 1, b: 1, c: 4 }));
  expect(changes.map(({ name, text }) => `${name} ${text}`)).toEqual([
    'c removed',
    'b version 1 → 2',
    'd new, version 1',
    'a version 1',
  ]);
  expect(changedSubgraphs(launch({ a: 1 }), null)).toMatchObject([{ isChanged: false }]);
});

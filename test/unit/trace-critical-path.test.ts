import {
  assert,
  constant,
  constantFrom,
  double,
  option,
  property,
  tuple,
} from '../support/runs/properties.ts';
import { describe, expect, test } from 'vitest';
import { planDependencies } from '../../router/execution/compile/plan-dependencies.ts';
import type { FetchOrder } from '../../router/execution/compile/plan-dependencies.ts';
import type { FetchRecord } from '../../router/request/fetch-record.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import type { StageName } from '../../router/request/request-trace.ts';
import { buildTrace } from '../../router/trace/build-trace.ts';
import { criticalPath, pathOf } from '../../router/trace/critical-path.ts';
import { pathSentence } from '../../router/trace/sentence.ts';
import { serverTiming } from '../../router/trace/server-timing.ts';

/** Start of the request on the monotonic clock. */
const ZERO = 5_000;

type Plan = string | { readonly [kind in 'seq' | 'par' | 'if']?: readonly Plan[] };
type Extra = Partial<Omit<FetchRecord, 'startedAt' | 'endedAt'>>;
/** Start and end of a fetch in milliseconds from the start of the request; an open end is `null`. */
type Fetches = Readonly<Record<string, readonly [start: number, end: number | null, extra?: Extra]>>;

type Case = {
  readonly plan?: Plan;
  readonly fetches?: Fetches;
  /** Begin of each stage. By default the execution begins after 1 ms and lasts until the end. */
  readonly stages?: readonly (readonly [StageName, number])[];
  readonly total: number;
  readonly joined?: string;
};

/**
 * Numbers the fetches of a plan in its order, as the compiler does. The second fetch of `order` is `order#2`.
 */
function orderOf(plan: Plan, names: string[]): FetchOrder {
  if (typeof plan === 'string') return { kind: 'fetch', fetch: { index: names.push(plan) - 1 } };
  if (plan.if !== undefined) {
    const [consequent, alternate] = plan.if.map((node) => orderOf(node, names));
    return { kind: 'condition', consequent, alternate };
  }
  const nodes = (plan.seq ?? plan.par ?? []).map((node) => orderOf(node, names));
  return { kind: plan.seq === undefined ? 'parallel' : 'sequence', nodes };
}

function record({ plan, fetches = {}, stages, total, joined }: Case): RequestRecorder {
  let now = ZERO;
  const recorder = new RequestRecorder('r1', () => now);
  for (const [name, at] of stages ?? [['execute', 1]]) {
    now = ZERO + at;
    recorder.stage(name);
  }
  const names: string[] = [];
  const dependsOn = planDependencies(plan === undefined ? undefined : orderOf(plan, names));
  const execution = recorder.beginExecution(dependsOn);
  for (const [name, [start, end, extra]] of Object.entries(fetches)) {
    now = ZERO + start;
    const fetch = execution.beginFetch({
      index: names.indexOf(name),
      service: name.replace(/#\d+$/, ''),
      path: [],
      operation: 'query',
    });
    Object.assign(fetch, extra);
    if (end === null) continue;
    fetch.endedAt = ZERO + end;
    fetch.mergedAt = ZERO + (extra?.mergedAt ?? end);
  }
  recorder.joined = joined;
  now = ZERO + total;
  recorder.finish();
  return recorder;
}

function sumOf(parts: readonly { readonly ms: number }[]): number {
  return parts.reduce((sum, { ms }) => sum + ms, 0);
}

const CASES: readonly (readonly [title: string, input: Case, sentence: string])[] = [
  ['no fetch', { total: 3.25 }, '3.3 ms: router 3.3'],
  ['one fetch', { plan: 'order', fetches: { order: [1, 41] }, total: 43 }, '43 ms: order 40 → router 3'],
  [
    'a sequence',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [1, 41], inventory: [41.5, 292.5] },
      total: 294,
    },
    '294 ms: order 40 → inventory 251 → router 3',
  ],
  [
    'a wait for a connection',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [1, 41], inventory: [41.5, 292.5, { connectionMs: 180.2 }] },
      total: 294,
    },
    '294 ms: order 40 → inventory 251 (waited 180 for a connection) → router 3',
  ],
  [
    'a wait too short to mention',
    { plan: 'order', fetches: { order: [1, 41, { connectionMs: 3.9 }] }, total: 43 },
    '43 ms: order 40 → router 3',
  ],
  [
    'parallel fetches: the longer one counts',
    { plan: { par: ['order', 'user'] }, fetches: { order: [1, 41], user: [1, 13] }, total: 43 },
    '43 ms: order 40 (in parallel: user 12) → router 3',
  ],
  [
    'parallel fetches of equal length',
    { plan: { par: ['order', 'user'] }, fetches: { order: [1, 41], user: [1, 41] }, total: 43 },
    '43 ms: order 40 (in parallel: user 40) → router 3',
  ],
  [
    'many parallel fetches',
    {
      plan: { par: ['a', 'b', 'c', 'd', 'e', 'f'] },
      fetches: { a: [1, 41], b: [1, 3], c: [1, 4], d: [1, 5], e: [1, 6], f: [1, 7] },
      total: 43,
    },
    '43 ms: a 40 (in parallel: b 2, c 3, d 4 and 2 more) → router 3',
  ],
  [
    'a parallel fetch after a sequence',
    {
      plan: { seq: ['order', { par: ['inventory', 'shipping'] }] },
      fetches: { order: [1, 11], inventory: [11, 31], shipping: [11, 16] },
      total: 32,
    },
    '32 ms: order 10 → inventory 20 (in parallel: shipping 5) → router 2',
  ],
  [
    'the next fetch waits for the slowest of several',
    {
      plan: { seq: [{ par: ['order', 'user'] }, 'inventory'] },
      fetches: { order: [1, 11], user: [1, 31], inventory: [31, 36] },
      total: 37,
    },
    '37 ms: user 30 (in parallel: order 10) → inventory 5 → router 2',
  ],
  [
    'nested: the longer branch is a sequence of short fetches',
    {
      plan: { par: [{ seq: ['order', 'inventory', 'product'] }, 'user'] },
      fetches: { order: [1, 21], inventory: [21, 41], product: [41, 61], user: [1, 51] },
      total: 62,
    },
    '62 ms: order 20 (in parallel: user 50) → inventory 20 → product 20 → router 2',
  ],
  [
    'nested: the longer branch is one long fetch',
    {
      plan: { par: [{ seq: ['order', 'inventory'] }, 'user'] },
      fetches: { order: [1, 21], inventory: [21, 41], user: [1, 51] },
      total: 52,
    },
    '52 ms: user 50 (in parallel: order 20, inventory 20) → router 2',
  ],
  [
    'a sequence after nested branches',
    {
      plan: { seq: [{ par: [{ seq: ['order', 'inventory'] }, 'user'] }, 'shipping'] },
      fetches: { order: [1, 21], inventory: [21, 61], user: [1, 51], shipping: [61, 71] },
      total: 72,
    },
    '72 ms: order 20 → inventory 40 (in parallel: user 50) → shipping 10 → router 2',
  ],
  [
    'the same subgraph twice',
    {
      plan: { seq: ['order', 'user', 'order#2'] },
      fetches: { order: [1, 11], user: [11, 16], 'order#2': [16, 36] },
      total: 37,
    },
    '37 ms: order 10 → user 5 → order 20 → router 2',
  ],
  [
    'a call shared with another request',
    { plan: 'order', fetches: { order: [1, 21, { joined: 'r0' }] }, total: 22 },
    '22 ms: order 20 (call of request r0) → router 2',
  ],
  [
    'a call shared with another fetch of the request',
    {
      plan: { seq: ['order', { par: ['user', 'user#2'] }] },
      fetches: { order: [1, 11], user: [11, 31], 'user#2': [11, 31.5, { sharedWith: 1 }] },
      total: 33,
    },
    '33 ms: order 10 → user 21 (in one call with fetch 1, in parallel: user 20) → router 2',
  ],
  [
    'a retried call',
    {
      plan: 'order',
      fetches: { order: [1, 61, { attempts: 2, connectionMs: 30 }] },
      total: 62,
    },
    '62 ms: order 60 (waited 30 for a connection, 2 attempts) → router 2',
  ],
  [
    'stale values: reading them is the time of the router',
    {
      plan: 'shipping',
      fetches: {
        shipping: [1, 31, { outcome: 'SUBGRAPH_UNAVAILABLE', source: 'stale', mergedAt: 41 }],
      },
      total: 42,
    },
    '42 ms: shipping 30 (unreachable, stale values used) → router 12 (merging and completion 11)',
  ],
  [
    'a fallback after a timeout',
    {
      plan: 'shipping',
      fetches: { shipping: [1, 1001, { outcome: 'SUBGRAPH_TIMEOUT', source: 'fallback' }] },
      total: 1003,
    },
    '1003 ms: shipping 1000 (timed out, fallback used) → router 3',
  ],
  [
    'a fetch that timed out is the culprit even if the others were quick',
    {
      plan: { seq: ['order', { par: ['inventory', 'shipping'] }] },
      fetches: {
        order: [1, 11],
        inventory: [11, 31],
        shipping: [11, 1011, { outcome: 'SUBGRAPH_TIMEOUT' }],
      },
      total: 1012,
    },
    '1012 ms: order 10 → shipping 1000 (timed out, in parallel: inventory 20) → router 2',
  ],
  [
    'an open breaker costs no time',
    {
      plan: { par: ['order', 'shipping'] },
      fetches: {
        order: [1, 41],
        shipping: [1, 1, { outcome: 'SUBGRAPH_CIRCUIT_OPEN', breaker: 'open' }],
      },
      total: 43,
    },
    '43 ms: order 40 → router 3',
  ],
  [
    'too many calls in flight',
    {
      plan: 'order',
      fetches: { order: [1, 1.6, { outcome: 'SUBGRAPH_OVERLOADED' }] },
      total: 2,
    },
    '2.0 ms: order 0.6 (too many calls in flight) → router 1.4',
  ],
  [
    'an HTTP error names its code',
    { plan: 'order', fetches: { order: [1, 41, { outcome: 'SUBGRAPH_HTTP_ERROR' }] }, total: 43 },
    '43 ms: order 40 (SUBGRAPH_HTTP_ERROR) → router 3',
  ],
  [
    'a mutation: its fields run one after another',
    {
      plan: { seq: ['order', 'user', 'order#2'] },
      fetches: {
        order: [1, 31, { operation: 'mutation' }],
        user: [31, 41, { operation: 'mutation' }],
        'order#2': [41, 81, { operation: 'mutation' }],
      },
      total: 82,
    },
    '82 ms: order 30 → user 10 → order 40 → router 2',
  ],
  [
    'a condition that is true',
    {
      plan: { seq: ['order', { if: ['user', 'shipping'] }, 'inventory'] },
      fetches: { order: [1, 11], user: [11, 31], inventory: [31, 36] },
      total: 37,
    },
    '37 ms: order 10 → user 20 → inventory 5 → router 2',
  ],
  [
    'a condition that skips its fetch',
    {
      plan: { seq: ['order', { if: ['user'] }, 'inventory'] },
      fetches: { order: [1, 11], inventory: [11, 31] },
      total: 32,
    },
    '32 ms: order 10 → inventory 20 → router 2',
  ],
  [
    'fetches without entities that are skipped, also several in a row',
    {
      plan: { seq: ['order', { par: ['user', 'product'] }, 'shipping', 'inventory'] },
      fetches: { order: [1, 11], inventory: [11, 31] },
      total: 32,
    },
    '32 ms: order 10 → inventory 20 → router 2',
  ],
  [
    'a request whose client left while a fetch was in flight',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [1, 11], inventory: [11, null] },
      total: 51,
    },
    '51 ms: order 10 → inventory 40 → router 1',
  ],
  [
    'a fetch that ends after the request counts only until then',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [1, 11], inventory: [11, 900, { outcome: 'REQUEST_CANCELLED' }] },
      total: 51,
    },
    '51 ms: order 10 → inventory 40 (cancelled) → router 1',
  ],
  [
    'a whole execution of another request: its first fetch began before this request',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [-30, 10], inventory: [10, 31] },
      stages: [['execute', 2]],
      total: 32,
      joined: 'r0',
    },
    '32 ms: order 8 → inventory 21 → router 3, sharing the execution of request r0',
  ],
  [
    'a whole execution of another request: its first fetch had ended',
    {
      plan: { seq: ['order', 'inventory'] },
      fetches: { order: [-30, -10], inventory: [-10, 31] },
      stages: [['execute', 2]],
      total: 32,
      joined: 'r0',
    },
    '32 ms: inventory 29 → router 3, sharing the execution of request r0',
  ],
  [
    'a slow rate limit',
    {
      plan: 'order',
      stages: [
        ['authenticate', 0.5],
        ['rateLimit', 1],
        ['plan', 251],
        ['execute', 251],
        ['respond', 261],
      ],
      fetches: { order: [251, 261] },
      total: 262,
    },
    '262 ms: order 10 → router 252 (rate limit 250)',
  ],
  [
    'slow planning',
    {
      plan: 'order',
      stages: [
        ['parse', 0.5],
        ['plan', 1],
        ['execute', 81],
        ['respond', 121],
      ],
      fetches: { order: [81, 121] },
      total: 122,
    },
    '122 ms: order 40 → router 82 (planning 80)',
  ],
  [
    'slow reception of the body',
    { stages: [['authenticate', 90]], total: 91 },
    '91 ms: router 91 (receiving the request 90)',
  ],
  [
    'a short request has decimals',
    { plan: 'order', fetches: { order: [1, 3.54] }, total: 4.2 },
    '4.2 ms: order 2.5 → router 1.7',
  ],
];

describe('the critical path', () => {
  test.each(CASES)('%s', (_, input, sentence) => {
    const recorder = record(input);
    expect(pathSentence(recorder)).toBe(sentence);
    expect(sumOf(criticalPath(recorder))).toBeCloseTo(input.total, 6);
  });

  test('names the stages between the fetches, in the order of time', () => {
    const recorder = record({
      plan: { seq: ['order', 'user'] },
      stages: [
        ['authenticate', 1],
        ['plan', 3],
        ['execute', 4],
        ['respond', 50],
      ],
      fetches: { order: [5, 25, { mergedAt: 27 }], user: [28, 48] },
      total: 52,
    });
    expect(criticalPath(recorder)).toEqual([
      { stage: 'receive', ms: 1 },
      { stage: 'authenticate', ms: 2 },
      { stage: 'plan', ms: 1 },
      { stage: 'execute', ms: 1 },
      { fetch: 0, subgraph: 'order', ms: 20 },
      { stage: 'execute', ms: 3 },
      { fetch: 1, subgraph: 'user', ms: 20 },
      { stage: 'execute', ms: 2 },
      { stage: 'respond', ms: 2 },
    ]);
  });

  test('has a share of its own for a subgraph that is called router', () => {
    const recorder = record({
      plan: { seq: ['router', 'user'] },
      fetches: { router: [1, 21], user: [22, 42] },
      total: 45,
    });
    expect(pathOf(recorder).shares).toEqual([
      { owner: 'router_', us: 20_000 },
      { owner: 'user', us: 20_000 },
      { owner: 'router', us: 5_000 },
    ]);
  });

  test('has a share of its own for each of two subgraphs that are called router and router_', () => {
    const recorder = record({
      plan: { seq: ['router', 'router_'] },
      fetches: { router: [1, 21], router_: [22, 42] },
      total: 45,
    });
    expect(pathOf(recorder).shares).toEqual([
      { owner: 'router_', us: 20_000 },
      { owner: 'router__', us: 20_000 },
      { owner: 'router', us: 5_000 },
    ]);
    expect(serverTiming(recorder)).toBe('total;dur=45, router_;dur=20, router__;dur=20, router;dur=5');
  });

  test('adds up to the total for any times, in the path and in the sentence', () => {
    const time = double({ min: -50, max: 400, noNaN: true });
    const fetch = tuple(time, option(time), constant({}));
    assert(
      property(
        tuple(fetch, fetch, fetch, fetch),
        double({ min: 0, max: 300, noNaN: true }),
        constantFrom<Plan>(
          { seq: ['a', { par: ['b', 'c'] }, 'd'] },
          { par: [{ seq: ['a', 'b'] }, { seq: ['c', 'd'] }] },
          { seq: ['a', { if: ['b', 'c'] }, 'd'] },
        ),
        ([a, b, c, d], total, plan) => {
          const recorder = record({ plan, fetches: { a, b, c, d }, total });
          expect(sumOf(criticalPath(recorder))).toBeCloseTo(total, 2);
          const [sum = 0, ...parts] = figuresOf(pathSentence(recorder));
          expect(parts.reduce((whole, part) => whole + part, 0)).toBeCloseTo(sum, 6);
          expect(Math.abs(sum - total)).toBeLessThanOrEqual(0.51);
        },
      ),
    );
  });
});

/** Returns the figures of a sentence without its notes: the total and the parts. */
function figuresOf(sentence: string): number[] {
  return [...sentence.replaceAll(/\([^)]*\)/g, '').matchAll(/\d+(?:\.\d+)?/g)].map(([text]) => Number(text));
}

describe('Server-Timing', () => {
  test('lists the total, then the parts of the critical path, the largest first', () => {
    const recorder = record({
      plan: { seq: ['order', 'inventory', 'order#2'] },
      fetches: { order: [1, 41], inventory: [41, 291, { connectionMs: 180.2 }], 'order#2': [291, 301] },
      total: 304.5,
    });
    expect(serverTiming(recorder)).toBe(
      'total;dur=304.5, inventory;dur=250;desc="waited 180 ms for a connection", order;dur=50, router;dur=4.5',
    );
  });

  test('has only tokens as names, and quoted descriptions', () => {
    const recorder = record({
      plan: { seq: ['a b;"ö', 'total', 'router'] },
      fetches: { 'a b;"ö': [1, 41, { joined: 'x"\\→y' }], total: [41, 42], router: [42, 43] },
      total: 43,
    });
    expect(serverTiming(recorder)).toBe(
      'total;dur=43, a_b___;dur=40;desc="call of request x\\"\\\\?y", router;dur=1, total_;dur=1, router_;dur=1',
    );
  });

  test('has a bounded length, and keeps the slowest', () => {
    const names = Array.from({ length: 300 }, (_, index) => `subgraph-number-${index}`);
    const fetches = Object.fromEntries(
      names.map((name, index) => [name, [index * 10 + 1, index * 10 + 2 + index / 100] as const]),
    );
    const header = serverTiming(record({ plan: { seq: names }, fetches, total: 3_010 }));
    expect(header.length).toBeLessThanOrEqual(1_024);
    expect(header).toContain('router;dur=');
    expect(header).toContain('subgraph-number-299;dur=');
    expect(header).not.toContain('subgraph-number-0;');
  });
});

test('the trace has the times of every fetch, relative to the start of the request', () => {
  const recorder = record({
    plan: { seq: ['order', { if: ['user'] }, 'inventory'] },
    stages: [
      ['plan', 0.4],
      ['execute', 0.4],
    ],
    fetches: {
      order: [1, 40, { firstByteAt: ZERO + 39, status: 200, attempts: 1, endpoint: 0, bytesOut: 90 }],
      inventory: [
        41,
        292.1,
        { connectionMs: 180.2, firstByteAt: ZERO + 240.9, mergedAt: 292.4, entities: 20 },
      ],
    },
    total: 295.25,
  });
  recorder.note({ generation: 'g1', operationType: 'query', operationName: 'Page', isPlanned: true });
  const trace = buildTrace(recorder);
  expect(trace).toMatchObject({
    version: 1,
    requestId: 'r1',
    supergraph: 'g1',
    operation: { type: 'query', name: 'Page' },
    totalMs: 295.25,
    stages: [
      { name: 'receive', startMs: 0, ms: 0.4 },
      { name: 'plan', startMs: 0.4, ms: 0, cached: true },
      { name: 'execute', startMs: 0.4, ms: 294.85 },
    ],
    fetches: [
      {
        id: 0,
        subgraph: 'order',
        dependsOn: [],
        startMs: 1,
        firstByteMs: 39,
        endMs: 40,
        status: 200,
        bytesOut: 90,
      },
      {
        id: 2,
        subgraph: 'inventory',
        dependsOn: [0],
        startMs: 41,
        connectionMs: 180.2,
        firstByteMs: 240.9,
        endMs: 292.1,
        mergedMs: 292.4,
        status: null,
        endpoint: null,
        entities: 20,
        joined: null,
        sharedWith: null,
      },
    ],
  });
  expect(trace.sentence).toBe('295 ms: order 39 → inventory 251 (waited 180 for a connection) → router 5');
});

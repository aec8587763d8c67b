import * as fc from '../support/runs/properties.ts';
import { expect, test } from 'vitest';
import { planDependencies } from '../../router/execution/compile/plan-dependencies.ts';
import type { FetchOrder } from '../../router/execution/compile/plan-dependencies.ts';
import type { FetchRecord } from '../../router/request/fetch-record.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { criticalPath } from '../../router/trace/critical-path.ts';
import { pathSentence } from '../../router/trace/sentence.ts';
import { serverTiming } from '../../router/trace/server-timing.ts';

/** Start of the execution on the monotonic clock. All other times are microseconds after it. */
const ZERO_MS = 5_000;

/** Properties of records besides their times. They do not change which fetches the response waits for. */
const BEHAVIOURS = {
  plain: {},
  retried: { attempts: 2, connectionMs: 3 },
  stale: { outcome: 'SUBGRAPH_TIMEOUT', source: 'stale' },
  joined: { joined: 'r0', attempts: 0 },
  // Not recorded, because there are no entities.
  empty: {},
  // Sent together with the fetch before it in a parallel node.
  merged: { attempts: 0 },
} satisfies Readonly<Record<string, Partial<FetchRecord>>>;

type Fetch = {
  readonly kind: 'fetch';
  readonly subgraph: string;
  readonly behaviour: keyof typeof BEHAVIOURS;
  /** Time of the router before the call, of the call, and of the merge after it. */
  readonly delay: number;
  readonly call: number;
  readonly merge: number;
};
type Plan =
  | Fetch
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly Plan[] }
  | {
      readonly kind: 'condition';
      readonly isTrue: boolean;
      readonly consequent: Plan;
      readonly alternate: Plan | null;
    };

const { plan: plans } = fc.letrec<{ plan: Plan; nodes: Plan[] }>((tie) => ({
  nodes: fc.array(tie('plan'), { maxLength: 4, size: 'max' }),
  plan: fc.oneof(
    { maxDepth: 4, depthSize: 'max' },
    fc.record({
      kind: fc.constant('fetch' as const),
      subgraph: fc.constantFrom('order', 'inventory', 'product', 'user'),
      behaviour: fc.constantFrom('plain', 'plain', ...Object.keys(BEHAVIOURS)) as fc.Arbitrary<
        Fetch['behaviour']
      >,
      delay: fc.constantFrom(0, 700),
      // Short times, so that several fetches often end at the same time.
      call: fc.oneof(fc.integer({ min: 0, max: 60_000 }), fc.constantFrom(0, 5_000, 10_000)),
      merge: fc.constantFrom(0, 1_300),
    }),
    fc.record({ kind: fc.constantFrom('sequence' as const, 'parallel' as const), nodes: tie('nodes') }),
    fc.record({
      kind: fc.constant('condition' as const),
      isTrue: fc.boolean(),
      consequent: tie('plan'),
      alternate: fc.option(tie('plan')),
    }),
  ),
}));

type Call = { readonly subgraph: string; readonly start: number; readonly end: number };
/** A run of a part of a plan: its end, and the calls of which its end was the result, one after another. */
type Run = { readonly end: number; readonly chain: readonly Call[] };
type Begin = (
  fetch: Fetch,
  index: number,
  times: { readonly start: number; readonly end: number; readonly done: number },
) => void;

/** Runs a plan in virtual time. Returns its longest chain of calls, found forwards instead of backwards. */
function simulate(plan: Plan, indices: ReadonlyMap<Plan, number>, begin: Begin): Run {
  function runFetch(fetch: Fetch, now: number, sibling: Call | undefined): Run {
    if (fetch.behaviour === 'empty') return { end: now, chain: [] };
    const shared = fetch.behaviour === 'merged' ? sibling : undefined;
    const start = shared?.start ?? now + fetch.delay;
    const end = shared?.end ?? start + fetch.call;
    const done = end + fetch.merge;
    begin(fetch, indices.get(fetch) ?? -1, { start, end, done });
    return { end: done, chain: [{ subgraph: fetch.subgraph, start, end }] };
  }
  function run(node: Plan, now: number, sibling?: Call): Run {
    switch (node.kind) {
      case 'fetch':
        return runFetch(node, now, sibling);
      case 'condition': {
        const chosen = node.isTrue ? node.consequent : node.alternate;
        return chosen === null ? { end: now, chain: [] } : run(chosen, now);
      }
      case 'sequence': {
        let all: Run = { end: now, chain: [] };
        for (const child of node.nodes) {
          const next = run(child, all.end);
          all = { end: next.end, chain: [...all.chain, ...next.chain] };
        }
        return all;
      }
      case 'parallel': {
        let slowest: Run = { end: now, chain: [] };
        let last: Call | undefined;
        for (const child of node.nodes) {
          const one = run(child, now, last);
          if (child.kind === 'fetch') last = one.chain[0] ?? last;
          if (one.end > slowest.end || slowest.chain.length === 0) slowest = one;
        }
        return slowest;
      }
    }
  }
  return run(plan, 0);
}

/** Numbers the fetches in the order of the plan, as the compiler does. */
function orderOf(plan: Plan, indices: Map<Plan, number>): FetchOrder {
  const visit = (node: Plan): FetchOrder => orderOf(node, indices);
  switch (plan.kind) {
    case 'fetch': {
      const index = indices.size;
      indices.set(plan, index);
      return { kind: 'fetch', fetch: { index } };
    }
    case 'condition': {
      const consequent = visit(plan.consequent);
      return {
        kind: 'condition',
        consequent,
        alternate: plan.alternate === null ? undefined : visit(plan.alternate),
      };
    }
    case 'sequence':
    case 'parallel':
      return { kind: plan.kind, nodes: plan.nodes.map(visit) };
  }
}

type Request = {
  readonly plan: Plan;
  readonly isMutation: boolean;
  /** Times of the router before the execution and after it. */
  readonly preparing: number;
  readonly responding: number;
  /** Share of the execution that was over when this request joined it; null if it started the execution. */
  readonly joinedAfter: number | null;
};

/** Runs a request. Returns its recorder, and the time that each subgraph must have added to its total. */
function runRequest({ plan, isMutation, preparing, responding, joinedAfter }: Request) {
  const indices = new Map<Plan, number>();
  const dependsOn = planDependencies(orderOf(plan, indices));
  let now = 0;
  const clock = () => ZERO_MS + now / 1_000;
  const leader = new RequestRecorder('leader', clock);
  const execution = leader.beginExecution(dependsOn);
  const { end, chain } = simulate(plan, indices, (fetch, index, { start, end: until, done }) => {
    now = start;
    const { subgraph, behaviour } = fetch;
    const operation = isMutation ? 'mutation' : 'query';
    const record = execution.beginFetch({ index, service: subgraph, path: [], operation });
    const times = { endedAt: ZERO_MS + until / 1_000, mergedAt: ZERO_MS + done / 1_000 };
    Object.assign(record, { attempts: 1, ...BEHAVIOURS[behaviour], ...times });
  });
  const began = joinedAfter === null ? 0 : Math.round(end * joinedAfter);
  const total = end + responding;
  now = began - preparing;
  const recorder = new RequestRecorder('r1', clock);
  now = began;
  recorder.stage('execute');
  recorder.execution = execution;
  now = end;
  recorder.stage('respond');
  now = total;
  recorder.finish();
  const expected = new Map<string, number>();
  for (const call of chain) {
    const ms = (Math.min(call.end, total) - Math.max(call.start, began)) / 1_000;
    if (ms > 0) expected.set(call.subgraph, (expected.get(call.subgraph) ?? 0) + ms);
  }
  return { recorder, totalMs: (total - began + preparing) / 1_000, expected };
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;

function sumBySubgraph(parts: ReturnType<typeof criticalPath>): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const part of parts)
    if ('fetch' in part) sums.set(part.subgraph, (sums.get(part.subgraph) ?? 0) + part.ms);
  return sums;
}

const sorted = (sums: ReadonlyMap<string, number>) =>
  [...sums].map(([name, ms]) => [name, rounded(ms)] as const).sort(([a], [b]) => a.localeCompare(b));

const requests: fc.Arbitrary<Request> = fc.record({
  plan: fc.oneof(
    plans,
    fc.record({ kind: fc.constant('sequence' as const), nodes: fc.array(plans, { maxLength: 5 }) }),
  ),
  isMutation: fc.boolean(),
  preparing: fc.integer({ min: 0, max: 5_000 }),
  responding: fc.integer({ min: 0, max: 5_000 }),
  joinedAfter: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 2 }),
});

test('the critical path of any plan is its longest chain of calls, and adds up to the total', () => {
  fc.assert(
    fc.property(requests, (request) => {
      const { recorder, totalMs, expected } = runRequest(request);
      const parts = criticalPath(recorder);
      expect(sorted(sumBySubgraph(parts))).toEqual(sorted(expected));
      expect(rounded(parts.reduce((sum, { ms }) => sum + ms, 0))).toBe(rounded(totalMs));
      expect(parts.filter(({ ms }) => !(ms > 0))).toEqual([]);

      const timing = new Map(
        [...serverTiming(recorder).matchAll(/(\w+);dur=([\d.]+)/g)].map(([, name = '', ms]) => [
          name,
          Number(ms),
        ]),
      );
      expect(timing.get('total')).toBe(rounded(totalMs));
      const inTiming = [...timing].filter(([name, ms]) => ms > 0 && name !== 'total' && name !== 'router');
      expect(sorted(new Map(inTiming))).toEqual(sorted(expected));

      const [sum = 0, ...figures] = [
        ...pathSentence(recorder)
          .replaceAll(/ \([^)]*\)/g, '')
          .matchAll(/[\d.]+(?= ms:| →|,|$)/g),
      ].map(Number);
      expect(figures.reduce((all, figure) => all + figure, 0)).toBeCloseTo(sum, 6);
      expect(Math.abs(sum - totalMs)).toBeLessThanOrEqual(0.501);
    }),
    { numRuns: 2_000 },
  );
});

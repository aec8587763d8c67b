import { composeServices } from '@apollo/composition';
import * as fc from '../support/runs/properties.ts';
import { parse } from 'graphql';
import type { FieldNode } from 'graphql';
import { describe, expect, it, test } from 'vitest';
import { compileActualCost } from '../../router/cost/actual-cost.ts';
import { createRateLimiter } from '../../router/rate-limit/rate-limiter.ts';
import { compileCost } from '../../router/cost/cost.ts';
import { readCostModel } from '../../router/cost/cost-model.ts';
import { createReconciliation } from '../../router/rate-limit/reconcile.ts';
import { TopConsumers } from '../../router/rate-limit/top-consumers.ts';
import { rateLimitOf, userOf } from '../support/callers/rate-limits.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { createClock } from '../support/time/clock.ts';

const model = composeModel(/* GraphQL */ `
  type Query {
    item: Item
    list: [Item] @listSize(assumedSize: 5)
    page(first: Int): Connection @listSize(slicingArguments: ["first"], sizedFields: ["edges"])
    find(by: Filter): Item
    node: Node
    heavyScalar: Int @cost(weight: 3)
    names: [String]
    grid: [[Item]]
    weights: [[Int]] @cost(weight: 2)
  }
  type Mutation {
    change: Item
  }
  interface Node {
    id: ID
  }
  type Item implements Node {
    id: ID
    self: Item
    parts: [Item] @listSize(assumedSize: 3)
  }
  type Heavy implements Node @cost(weight: 7) {
    id: ID
    parts: [Heavy] @listSize(assumedSize: 4)
  }
  type Connection {
    edges: [Edge]
  }
  type Edge {
    node: Item
  }
  input Filter {
    text: String
  }
`);

describe('the actual cost', () => {
  const full = { edges: [{ node: {} }, { node: {} }] };
  it.each<[name: string, document: string, delivered: Record<string, unknown>, expected: number]>([
    ['of a list depends on its length', '{ list { id } }', { list: [{}, {}] }, 2],
    ['of an empty list is that of one item', '{ list { self { id } } }', { list: [] }, 1],
    ['of null is that of the field without its selection', '{ item { self { id } } }', { item: null }, 1],
    ['of missing data is zero', '{ item { id } list { id } }', { item: {} }, 1],
    ['of an empty response is one', '{ list { id } }', {}, 1],
    ['of a list of lists counts all items', '{ grid { id } }', { grid: [[{}, {}], null, [{}], []] }, 5],
    ['of a list of lists of values, too', '{ weights }', { weights: [[1, 2], [3]] }, 6],
    [
      'of nested lists adds up',
      '{ list { parts { id } } }',
      { list: [{ parts: [{}, {}] }, { parts: [{}] }] },
      5,
    ],
    ['of a null item is that of an item', '{ list { self { id } } }', { list: [null, { self: {} }] }, 3],
    [
      'of a connection depends on its edges',
      '{ page(first: 50) { edges { node { id } } } }',
      { page: full },
      5,
    ],
    [
      'of an alias depends on its own value',
      '{ a: list { id } list { id } }',
      { a: [{}, {}, {}], list: [{}] },
      4,
    ],
    [
      'of a fragment is that of its fields',
      '{ ...F } fragment F on Query { list { id } }',
      { list: [{}, {}] },
      2,
    ],
    [
      'of an interface depends on the returned type',
      '{ a: node { id } b: node { id } c: node { id } }',
      { a: { __typename: 'Item' }, b: { __typename: 'Heavy' }, c: {} },
      1 + 7 + 7,
    ],
    ['of a scalar with a weight is its weight', '{ heavyScalar }', { heavyScalar: 1 }, 3],
    [
      'of a skipped field is zero, although another field has its name',
      '{ list @skip(if: true) { id } list { id } ... @include(if: false) { list { id } } }',
      { list: [{}, {}] },
      2,
    ],
    ['counts arguments', '{ find(by: { text: "a" }) { id } }', { find: {} }, 2],
    ['of a mutation includes its base', 'mutation { change { id } }', {}, 10],
    [
      'of a fragment on another type is zero',
      '{ node { ... on Heavy { parts { id } } ... on Item { parts { id } } } }',
      { node: { __typename: 'Item', parts: [{}, {}] } },
      3,
    ],
  ])('%s', (_name, document, delivered, expected) => {
    expect(actual(document)?.(delivered, {})).toBe(expected);
  });

  it.each<[name: string, document: string, withoutResponse: string[], expected: number]>([
    ['as a whole', '{ list { parts { id } } item { id } }', ['Query.list'], 20],
    ['for each returned item', '{ page(first: 9) { edges { node { parts { id } } } } }', ['Item.parts'], 11],
    ['by its interface', '{ node { ... on Item { parts { id } } } }', ['Item.parts'], 4],
    ['by its object', '{ node { id } }', ['Query.node'], 1],
    ['but not for skipped fields', '{ list @skip(if: true) { id } item { id } }', ['Query.list'], 1],
    [
      'but not for fields of skipped fragments',
      '{ ... @skip(if: true) { list { id } } ...F @include(if: false) item { id } } fragment F on Query { a: list { id } }',
      ['Query.list'],
      1,
    ],
    ['but not data missing from another call', '{ list { id } }', ['Query.item'], 1],
  ])(
    'of calls that were sent and have no response is the estimate, %s',
    (_name, document, withoutResponse, expected) => {
      const delivered = { page: full, node: { __typename: 'Item' } };
      expect(actual(document)?.(delivered, {}, new Set(withoutResponse))).toBe(expected);
    },
  );

  it('is the estimate if the router itself responds', () => {
    expect(actual('{ __schema { types { name } } list { id } }')).toBeUndefined();
  });

  it('is never more than the estimate if lists are no longer than assumed', () => {
    const item = fc.letrec((tie) => ({
      item: fc.record(
        {
          self: fc.option(tie('item'), { maxDepth: 3 }),
          parts: fc.option(fc.array(fc.option(tie('item')), { maxLength: 3 }), { maxDepth: 2 }),
        },
        { requiredKeys: [] },
      ),
    })).item;
    const text = '{ item { self { parts { self { id } } } parts { parts { id } } } list { parts { id } } }';
    const estimate = compileCost(model, parse(text), undefined)({});
    fc.assert(
      fc.property(item, fc.array(item, { maxLength: 5 }), (one, list) => {
        const cost = actual(text)?.({ item: one, list }, {}) ?? Number.NaN;
        expect(cost).toBeGreaterThanOrEqual(1);
        expect(cost).toBeLessThanOrEqual(estimate);
      }),
    );
  });

  test('takes microseconds to calculate', (context) => {
    const walk = actual('{ list { parts { self { id } } self { parts { id } } } }');
    const parts = Array.from({ length: 10 }, () => ({ self: {} }));
    const list = Array.from({ length: 50 }, () => ({ parts, self: { parts } }));
    for (let round = 0; round < 2_000; round++) walk?.({ list }, {});
    const start = performance.now();
    for (let round = 0; round < 2_000; round++) walk?.({ list }, {});
    const micros = (performance.now() - start) / 2;
    recordMeasurement(context, 'cost calculation for a response of 1,600 objects, µs', micros.toFixed(1));
    expect(walk?.({ list }, {})).toBe(50 + 50 * 20 + 50 * 11);
  });
});

describe('the reconciliation', () => {
  it('refunds missing data, and reports it', async () => {
    const { settle, remaining } = await charged({ cost: 100 });
    expect(settle(30)).toEqual({ requested: 100, actual: 30, remaining: 970 });
    expect(await remaining()).toBe(970);
  });

  it('charges nothing more unless it is allowed to', async () => {
    const { settle, remaining } = await charged({ cost: 100 });
    expect(settle(500)).toEqual({ requested: 100, actual: 100, remaining: 900 });
    expect(await remaining()).toBe(900);
  });

  it('charges up to the configured share more', async () => {
    const { settle, remaining } = await charged({ cost: 100, maxSurchargePercent: 50 });
    expect(settle(500)).toEqual({ requested: 100, actual: 150, remaining: 850 });
    expect(await remaining()).toBe(850);
  });

  it('refunds nothing for a mutation that may have taken effect', async () => {
    const { settle } = await charged({ cost: 100 });
    expect(settle(10, ['Mutation.change'])).toEqual({ requested: 100, actual: 100, remaining: 900 });
  });

  it('never refunds the prepaid points', async () => {
    const { settle, remaining } = await charged({ cost: 100, prepaid: 40 });
    expect(settle(1)).toEqual({ requested: 100, actual: 40, remaining: 1_000 });
    expect(await remaining()).toBe(1_000);
  });

  it('charges the estimate if nothing is known of the response', async () => {
    const { settle } = await charged({ cost: 100 });
    expect(settle(undefined)).toEqual({ requested: 100, actual: 100, remaining: 900 });
  });
});

describe('the top consumers', () => {
  it('are counted with refunds and rejections, the largest first', () => {
    const topConsumers = new TopConsumers(() => 0);
    const of = (id: string) => ({ identity: userOf(id), address: '192.0.2.1' });
    topConsumers.addOperation(of('ada'), 100);
    topConsumers.addOperation(of('bob'), 300);
    topConsumers.addRefund(of('bob'), 250);
    topConsumers.addRejection({ identity: { kind: 'anonymous' }, address: '2001:db8::1' });
    const { top } = topConsumers.report().current;
    expect(top.map(({ user, points, rejected }) => [user?.id, points, rejected])).toEqual([
      ['ada', 100, 0],
      ['bob', 50, 0],
      [undefined, 0, 1],
    ]);
    expect(JSON.stringify(top)).not.toContain('token-of');
  });

  it('are found among any number of others, in limited memory, and after an hour become the previous hour', () => {
    const clock = createClock();
    const topConsumers = new TopConsumers(clock.monotonic);
    for (let round = 0; round < 20_000; round++) {
      topConsumers.addOperation({ identity: userOf(`crowd-${round}`), address: '192.0.2.1' }, 1);
      if (round % 4 === 0) topConsumers.addOperation({ identity: userOf('whale'), address: '192.0.2.1' }, 10);
    }
    const [first] = topConsumers.report().current.top;
    expect(first?.user?.id).toBe('whale');
    expect(first?.points).toBeLessThanOrEqual(50_000 + (first?.overcount ?? 0));
    clock.advance(3_600_000);
    expect(topConsumers.report()).toMatchObject({
      current: { top: [] },
      before: { top: [{ user: { id: 'whale' } }, ...Array.from({ length: 19 }, () => ({}))] },
    });
  });
});

async function charged(options: {
  readonly cost: number;
  readonly maxSurchargePercent?: number;
  readonly prepaid?: number;
}) {
  const { cost, maxSurchargePercent = 0, prepaid = 0 } = options;
  const rateLimiter = createRateLimiter(rateLimitOf(), {
    redis: undefined,
    monotonic: () => 0,
    telemetry: { rateLimitDecided: () => undefined },
  });
  const caller = { identity: userOf('ada'), address: '192.0.2.1' };
  const decision = await rateLimiter.charge({ ...caller, cost, prepaid });
  if (decision.kind !== 'admitted') throw new Error('not admitted');
  const reconciliation = createReconciliation(
    { maxSurchargePercent },
    {
      rateLimiter,
      topConsumers: new TopConsumers(() => 0),
      onReconciled: () => undefined,
      later: (action) => action(),
    },
  );
  const admission = { variables: {}, sent: {}, cost, reservation: decision.reservation, headers: {} };
  return {
    settle: (points: number | undefined, withoutResponse: readonly string[] = []) =>
      reconciliation.reconcileAndReport({
        admission,
        actualCost: points === undefined ? undefined : () => points,
        delivered: {},
        fieldsWithoutResponse: new Set(withoutResponse),
        caller,
      }),
    remaining: async () => {
      const next = await rateLimiter.charge({ ...caller, cost: 1 });
      return Number(next.headers['x-ratelimit-remaining']) + 1;
    },
  };
}

function actual(text: string) {
  const keyOf = ({ alias, name }: FieldNode) => alias?.value ?? name.value;
  return compileActualCost(model, { document: parse(text), name: undefined, keyOf });
}

function composeModel(schema: string) {
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@cost", "@listSize"])';
  const result = composeServices([{ name: 'all', url: 'http://all', typeDefs: parse(`${link} ${schema}`) }]);
  if (result.supergraphSdl === undefined) throw new Error(result.errors.map(String).join('\n'));
  return readCostModel(result.supergraphSdl, { defaultListSize: 10 });
}

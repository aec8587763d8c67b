import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { check } from '../../checks/check.ts';
import { readVersion } from '../../checks/composition.ts';
import { comparePlans } from '../../checks/plans/compare-plans.ts';
import type { ComparedPlans } from '../../checks/plans/compare-plans.ts';
import { createPlanCache } from '../../checks/plans/plan-cache.ts';
import type { PlanCache, PlannedOperation } from '../../checks/plans/plan-operations.ts';
import { planSentence } from '../../checks/plans/plan-sentence.ts';
import { compose } from '../../router/supergraph/compose.ts';

/** Plans of recorded operations before and after a change. */

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@requires", "@external", "@override", "@listSize"])`;

type Schemas = Readonly<Record<string, string>>;

const BEFORE: Schemas = {
  order: `type Query { order(id: ID!): Order orders(first: Int): [Order!]! @listSize(slicingArguments: ["first"]) }
    type Order @key(fields: "id") { id: ID! items: [Item!]! }
    type Item { quantity: Int! product: Product! }
    type Product @key(fields: "id", resolvable: false) { id: ID! }`,
  product: `type Query { product(id: ID!): Product }
    type Product @key(fields: "id") { id: ID! name: String! weight: Int stock: Int }`,
  inventory: `type Product @key(fields: "id") { id: ID! weight: Int @external shelf: String @requires(fields: "weight") }`,
};

/** `Product.stock` is resolved by inventory instead of product. */
const MOVED: Schemas = {
  ...BEFORE,
  product: (BEFORE['product'] ?? '').replace('stock: Int', ''),
  inventory: (BEFORE['inventory'] ?? '').replace('shelf:', 'stock: Int shelf:'),
};

const OPERATIONS: Readonly<Record<string, string>> = {
  OrderPage: 'query OrderPage($id: ID!) { order(id: $id) { items { quantity product { name stock } } } }',
  Stock: 'query Stock { product(id: 1) { stock } }',
  Shelf: 'query Shelf { product(id: 1) { shelf } }',
  Orders: 'query Orders($first: Int) { orders(first: $first) { id } }',
  Names: 'query Names { product(id: 1) { name } }',
};

function subgraphsOf(schemas: Schemas) {
  return Object.entries(schemas).map(([name, sdl]) => ({
    name,
    url: `http://${name}.example/graphql`,
    sdl: `${LINK}\n${sdl}`,
    place: `${name}.graphql`,
  }));
}

function supergraphOf(schemas: Schemas): string {
  const composed = compose(subgraphsOf(schemas));
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

const versionOf = (schemas: Schemas) => readVersion(supergraphOf(schemas));

/** Counts the plans that are looked up and not found, and those that are added. */
class CountedPlans extends Map<string, PlannedOperation> {
  added = 0;

  override set(key: string, value: PlannedOperation): this {
    this.added += 1;
    return super.set(key, value);
  }
}

async function compared(
  after: Schemas,
  {
    cache = new CountedPlans(),
    operations = OPERATIONS,
  }: { readonly cache?: PlanCache; readonly operations?: Schemas } = {},
): Promise<Readonly<Record<string, ComparedPlans>>> {
  const plans = await comparePlans({
    before: versionOf(BEFORE),
    after: versionOf(after),
    operations: Object.entries(operations).map(([id, body]) => ({
      id,
      document: parse(body),
      name: undefined,
    })),
    cache,
  });
  return Object.fromEntries(plans);
}

function sentenceOf(name: string, result: ComparedPlans | undefined): string | undefined {
  if (result?.kind !== 'compared') throw new Error(`${name} has no plans`);
  return planSentence(name, result.plan);
}

describe('plans before and after a change', () => {
  test('a field that moves to another subgraph adds calls to it', async () => {
    // A cache that is too small for the plans has no effect on the result.
    const plans = await compared(MOVED, { cache: createPlanCache(2) });
    expect(plans['OrderPage']).toEqual({
      kind: 'compared',
      plan: {
        callsBefore: 2,
        callsAfter: 3,
        costBefore: 21,
        costAfter: 21,
        depthBefore: 2,
        depthAfter: 2,
        subgraphsBefore: ['order', 'product'],
        subgraphsAfter: ['inventory', 'order', 'product'],
        callChanges: { inventory: 1 },
      },
    });
    expect(plans['Stock']).toMatchObject({
      plan: { callsBefore: 1, callsAfter: 2, depthBefore: 1, depthAfter: 2, callChanges: { inventory: 1 } },
    });
    expect(plans['Shelf']).toMatchObject({ plan: { callsBefore: 2, callsAfter: 2, callChanges: {} } });
    expect(Object.keys(OPERATIONS).map((name) => sentenceOf(name, plans[name]))).toEqual([
      'OrderPage makes 1 call more, through inventory.',
      'Stock makes 1 call more, through inventory; 2 instead of 1 call wait for each other.',
      undefined,
      undefined,
      undefined,
    ]);
  });

  test('cost follows the directives, with the assumed list size for an integer variable', async () => {
    const { Orders: plain } = await compared(BEFORE);
    expect(plain).toMatchObject({ plan: { costBefore: 10, costAfter: 10 } });
    const { Orders: sized } = await compared({
      ...BEFORE,
      order: (BEFORE['order'] ?? '').replace('slicingArguments: ["first"]', 'assumedSize: 50'),
    });
    expect(sized).toMatchObject({ plan: { costBefore: 10, costAfter: 50 } });
    expect(sentenceOf('Orders', sized)).toBe('Orders costs 50 instead of 10 points.');
  });

  test('plans only what a change can affect, and equal operations once', async () => {
    const cache = new CountedPlans();
    const operations = { ...OPERATIONS, Again: 'query Again { product(id: 1) { stock } } # twice' };
    await compared(BEFORE, { cache, operations });
    expect(cache.added).toBe(5);
    // OrderPage and Stock select the moved field.
    await compared(MOVED, { cache, operations });
    expect(cache.added).toBe(7);
    const described = { ...BEFORE, product: (BEFORE['product'] ?? '').replace('name:', '"Shown" name:') };
    await compared(described, { cache, operations });
    expect(cache.added).toBe(7);
    // Every operation on products can be continued with its keys.
    const keyed = {
      ...BEFORE,
      product: (BEFORE['product'] ?? '').replace('"id")', '"id") @key(fields: "weight")'),
    };
    await compared(keyed, { cache, operations });
    expect(cache.added).toBe(11);
  });

  test('a label of a progressive @override is false', async () => {
    const { Stock } = await compared({
      ...BEFORE,

      inventory: (BEFORE['inventory'] ?? '').replace(
        'shelf:',
        'stock: Int @override(from: "product", label: "percent(50)") shelf:',
      ),
    });
    expect(Stock).toMatchObject({ plan: { callsBefore: 1, callsAfter: 1, subgraphsAfter: ['product'] } });
  });

  test('an operation that the planner rejects has a reason in place of a plan', async () => {
    const operations = {
      Deep: `{ product(id: 1) { ...F0 } } ${Array.from(
        { length: 17 },
        (_, level) => `fragment F${level} on Product { ...F${level + 1} ...F${level + 1} }`,
      ).join(' ')} fragment F17 on Product { name }`,
    };
    const { Deep } = await compared(BEFORE, { operations });
    expect(Deep).toEqual({
      kind: 'not planned',
      reason: 'The subgraphs together cannot resolve this operation: it has too many selections.',
    });
  });

  test('a check fails if a cost grows more than its settings allow', async () => {
    const checked = (failOnCostGrowthPercent: number) =>
      check(
        {
          before: supergraphOf(BEFORE),
          after: {
            subgraphs: subgraphsOf({
              ...BEFORE,
              order: (BEFORE['order'] ?? '').replace('slicingArguments: ["first"]', 'assumedSize: 15'),
            }),
          },
          operations: Object.entries(OPERATIONS).map(([id, body]) => ({ id, body })),
          settings: { failOnCostGrowthPercent },
        },
        { now: Date.now },
      );
    const { success, operations } = await checked(49);
    expect({
      success,
      reasons: operations.flatMap(({ id, reasons }) => reasons.map((reason) => [id, reason])),
    }).toEqual({
      success: false,
      reasons: [
        [
          'Orders',
          {
            verdict: 'safe',
            coordinate: null,
            code: 'COST_GROWTH',
            message:
              'The estimated cost rises from 10 to 15 points, more than failOnCostGrowthPercent (49) allows.',
          },
        ],
      ],
    });
    expect(operations.map(({ id, verdict, plan }) => [id, verdict, plan?.callsAfter])).toEqual([
      ['OrderPage', 'safe', 2],
      ['Stock', 'safe', 1],
      ['Shelf', 'safe', 2],
      ['Orders', 'safe', 1],
      ['Names', 'safe', 1],
    ]);
    expect(await checked(50)).toMatchObject({ success: true });
  });

  test('operations of two clients with the same id have plans of their own', async () => {
    const operations = ['{ orders(first: 2) { id } }', '{ product(id: 1) { name } }'].map((body) => ({
      id: '1',
      body,
    }));
    for (const ordered of [operations, operations.toReversed()]) {
      const report = await check(
        {
          before: supergraphOf(BEFORE),
          after: {
            subgraphs: subgraphsOf({
              ...BEFORE,
              order: (BEFORE['order'] ?? '').replace('slicingArguments: ["first"]', 'assumedSize: 15'),
            }),
          },
          operations: ordered,
          settings: { failOnCostGrowthPercent: 50 },
        },
        { now: Date.now },
      );
      const costs = report.operations.map(({ plan }) => [plan?.costBefore, plan?.costAfter]);
      expect(costs).toEqual(ordered.map(({ body }) => (body.includes('orders') ? [2, 15] : [1, 1])));
      expect(report.success).toBe(false);
    }
  });
});

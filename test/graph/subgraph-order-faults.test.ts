import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type OrderNeighbours, startNeighbours } from '../support/subgraphs/order-neighbours.ts';
import {
  cancelOrder,
  codesOf,
  countOrders,
  placedOrder,
  placeOrder,
} from '../support/subgraphs/place-order.ts';
import type { Fate } from '../support/subgraphs/service-tap.ts';
import { databaseKinds, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';
import { until } from '../support/time/until.ts';

const items = [{ productId: 'product-1', quantity: 2 }];
const timeoutMs = 30_000;

describe.each(databaseKinds)('placing orders on %s when others fail', (database) => {
  let around: OrderNeighbours;
  let order: TestSubgraph;
  let before: { orders: number; stock: number };
  beforeAll(async () => {
    around = await startNeighbours(database);
    order = await around.startOrder(database);
    await around.deliver('product-1', 1000);
  });
  beforeEach(async () => {
    before = { orders: await countOrders(order), stock: await around.available('product-1') };
  });
  afterEach(() => {
    around.productTap.fateOf = () => 'passed';
    around.inventoryTap.fateOf = () => 'passed';
  });
  afterAll(async () => {
    await order[Symbol.asyncDispose]();
    await around[Symbol.asyncDispose]();
  });

  const expectNothingPlaced = async () => {
    expect(await countOrders(order)).toBe(before.orders);
    expect(await around.available('product-1')).toBe(before.stock);
  };
  const expectPlacedOnce = async () => {
    expect(await countOrders(order)).toBe(before.orders + 1);
    expect(await around.available('product-1')).toBe(before.stock - 2);
  };

  // This test is the first one: the order service releases what faults left pending every 15 s.
  test('a reservation that arrives after its release takes nothing', async () => {
    const { received } = around.inventoryTap;
    received.length = 0;
    around.inventoryTap.fateOf = async (operation): Promise<Fate> => {
      if (operation !== 'ReserveForOrder') return 'passed';
      // The reservation is delayed until the call of the order service has timed out.
      await until(() => received.includes('ReleaseForOrder'), timeoutMs);
      return 'passed';
    };
    expect(codesOf(await placeOrder(order, 'late', items))).toEqual(['UNAVAILABLE']);
    expect(await until(() => received.includes('ReserveForOrder'), timeoutMs)).toBe(true);
    expect(received).toEqual(['ReleaseForOrder', 'ReserveForOrder']);
    await expectNothingPlaced();
  });

  test.each<[string, 'productTap' | 'inventoryTap', Fate]>([
    ['product is down', 'productTap', 'lost'],
    ['the response of product is lost', 'productTap', 'response lost'],
    ['inventory is down', 'inventoryTap', 'lost'],
  ])('reports the failure, places nothing and accepts the key again: %s', async (fault, tap, fate) => {
    around[tap].fateOf = () => fate;
    const response = await placeOrder(order, fault, items);
    expect(response.data).toEqual({ placeOrder: null });
    expect(codesOf(response)).toEqual(['UNAVAILABLE']);
    await expectNothingPlaced();

    around[tap].fateOf = () => 'passed';
    placedOrder(await placeOrder(order, fault, items));
    await expectPlacedOnce();
  });

  test('releases a reservation whose response was lost before the caller receives the error', async () => {
    around.inventoryTap.fateOf = (operation) =>
      operation === 'ReserveForOrder' ? 'response lost' : 'passed';
    expect(codesOf(await placeOrder(order, 'lost', items))).toEqual(['UNAVAILABLE']);
    await expectNothingPlaced();

    around.inventoryTap.fateOf = () => 'passed';
    placedOrder(await placeOrder(order, 'lost', items));
    await expectPlacedOnce();
  });

  test('inventory rejects: nothing is placed, and the key can be used again when there is stock', async () => {
    const many = [{ productId: 'product-2', quantity: 1000 }];
    const rejected = await placeOrder(order, 'scarce', many);
    expect(rejected.errors).toMatchObject([
      { message: 'Not enough stock of product-2.', extensions: { code: 'CONFLICT' } },
    ]);
    await expectNothingPlaced();

    await around.deliver('product-2', 1000);
    expect(placedOrder(await placeOrder(order, 'scarce', many)).status).toBe('PLACED');
  });

  test('duplicate requests of which one loses its response agree on the placed order', async () => {
    let losses = 0;
    around.inventoryTap.fateOf = (operation) =>
      operation === 'ReserveForOrder' && losses++ % 2 === 0 ? 'response lost' : 'passed';
    const responses = await Promise.all(
      Array.from({ length: 6 }, () => placeOrder(order, 'duplicates', items)),
    );
    const codes = new Set(responses.flatMap(codesOf));
    expect([...codes].filter((code) => code !== 'UNAVAILABLE' && code !== 'CONFLICT')).toEqual([]);

    around.inventoryTap.fateOf = () => 'passed';
    const settled = placedOrder(await placeOrder(order, 'duplicates', items));
    const placed = responses
      .filter(({ errors }) => errors.length === 0)
      .map((response) => placedOrder(response).id);
    expect(placed.filter((id) => id !== settled.id)).toEqual([]);
    await expectPlacedOnce();
  });

  test('an order can be cancelled while inventory is down', async () => {
    const { id } = placedOrder(await placeOrder(order, 'cancel', items));
    around.inventoryTap.fateOf = () => 'lost';
    expect((await cancelOrder(order, id)).data).toEqual({ cancelOrder: { id, status: 'CANCELLED' } });
  });
});

import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { migrations, type OrderTables, type Placement } from '../../subgraphs/order/data.ts';
import { abortPlacement, openPlacement } from '../../subgraphs/order/placements.ts';
import { pendingReleases } from '../../subgraphs/order/pending-releases.ts';
import { seed } from '../../subgraphs/order/seed.ts';
import { startShipping } from '../../subgraphs/shipping/server.ts';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { type DatabaseLocation, openDatabase } from '../../database/database.ts';
import { type OrderNeighbours, startNeighbours } from '../support/subgraphs/order-neighbours.ts';
import { buyer, cancelOrder, placedOrder, placeOrder } from '../support/subgraphs/place-order.ts';
import {
  databaseKinds,
  dropLocation,
  startTestSubgraph,
  type TestSubgraph,
  testLocation,
} from '../support/subgraphs/shop-subgraph.ts';
import { type ServiceTap, startServiceTap } from '../support/subgraphs/service-tap.ts';
import { until } from '../support/time/until.ts';

const items = [{ productId: 'product-1', quantity: 2 }];
const timeoutMs = 30_000;

describe.each(databaseKinds)('an order service on %s that starts after a crash', (kind) => {
  let around: OrderNeighbours;
  let shipping: TestSubgraph;
  let shippingTap: ServiceTap;
  let location: DatabaseLocation;
  // Also the idempotency key, so that each test has its own.
  let orderId: string;
  let stock: number;
  beforeAll(async () => {
    location = await testLocation('order', kind);
    around = await startNeighbours(kind);
    shipping = await startTestSubgraph('shipping', startShipping, { database: kind });
    shippingTap = await startServiceTap(shipping.url);
    await around.deliver('product-1', 1000);
  });
  beforeEach(async () => {
    orderId = randomUUID();
    stock = await around.available('product-1');
  });
  afterEach(() => {
    around.inventoryTap.fateOf = () => 'passed';
    shippingTap.fateOf = () => 'passed';
  });
  afterAll(async () => {
    await shippingTap[Symbol.asyncDispose]();
    await shipping[Symbol.asyncDispose]();
    await around[Symbol.asyncDispose]();
    await dropLocation(location);
  });

  const reserve = async () => {
    const { errors } = await around.inventory.call(
      'mutation ($id: ID!, $items: [ReserveStockItemInput!]!) { reserveStock(reservationId: $id, items: $items) { id } }',
      { variables: { id: orderId, items }, as: { service: 'order' } },
    );
    expect(errors).toEqual([]);
  };
  const isPlaced = async (order: TestSubgraph) => {
    const { data } = await order.call('query ($id: ID!) { order(id: $id) { id } }', {
      variables: { id: orderId },
      as: buyer,
    });
    return data?.['order'] !== null;
  };
  const stockReturns = () => until(async () => (await around.available('product-1')) === stock, timeoutMs);

  test('aborts a placement that reserved stock a minute ago and was not completed', async () => {
    await withDatabase(location, (db) => openPlacement(db, intention({ orderId, ageMs: 61_000 }), Infinity));
    await reserve();
    await using order = await around.startOrder(location);
    expect(await stockReturns()).toBe(true);
    expect(await isPlaced(order)).toBe(false);

    expect(placedOrder(await placeOrder(order, orderId, items)).id).not.toBe(orderId);
    expect(await around.available('product-1')).toBe(stock - 2);
  });

  test('does not touch a placement that may still be in progress, and completes it when the request is repeated', async () => {
    await withDatabase(location, (db) => openPlacement(db, intention({ orderId, ageMs: 0 }), Infinity));
    await reserve();
    await using order = await around.startOrder(location);
    const placed = placedOrder(await placeOrder(order, orderId, items));
    expect(placed.id).toBe(orderId);
  });

  test('completes with the prices of the first request', async () => {
    await withDatabase(location, (db) =>
      openPlacement(db, intention({ orderId, ageMs: 0, price: '12.34' }), Infinity),
    );
    await using order = await around.startOrder(location);
    const placed = placedOrder(await placeOrder(order, orderId, items));
    expect(placed.totalAmount).toEqual({ amount: '24.68', currency: 'EUR' });
  });

  test('releases the stock of an aborted placement', async () => {
    await withDatabase(location, async (db) => {
      await openPlacement(db, intention({ orderId, ageMs: 0 }), Infinity);
      await abortPlacement(db, orderId);
    });
    await reserve();
    await using order = await around.startOrder(location);
    expect(await stockReturns()).toBe(true);
    expect(await isPlaced(order)).toBe(false);
  });

  test('releases the stock of an order that was cancelled while inventory was down', async () => {
    {
      await using order = await around.startOrder(location);
      const { id } = placedOrder(await placeOrder(order, orderId, items));
      around.inventoryTap.fateOf = () => 'lost';
      await cancelOrder(order, id);
    }
    expect(await around.available('product-1')).toBe(stock - 2);
    around.inventoryTap.fateOf = () => 'passed';
    await using order = await around.startOrder(location);
    expect(await stockReturns()).toBe(true);
    expect(placedOrder(await placeOrder(order, orderId, items)).status).toBe('CANCELLED');
  });

  test('serves while inventory is down, and keeps the release pending', async () => {
    await withDatabase(location, (db) => openPlacement(db, intention({ orderId, ageMs: 61_000 }), Infinity));
    around.inventoryTap.fateOf = () => 'lost';
    {
      await using order = await around.startOrder(location);
      expect(await isPlaced(order)).toBe(false);
    }
    expect(await withDatabase(location, pendingReleases)).toEqual([orderId]);
  });

  const shipped = async (id: string, ...progress: string[]) => {
    const as = { service: 'order' } as const;
    const created = await shipping.call(
      'mutation ($id: ID!) { createShipment(input: { orderId: $id, carrier: COURIER }) { trackingNumber } }',
      { variables: { id }, as },
    );
    const { trackingNumber } = (created.data as { createShipment: { trackingNumber: string } })
      .createShipment;
    for (const status of progress) {
      const { errors } = await shipping.call(
        `mutation ($number: String!, $status: ShipmentStatus!) {
          addTrackingEvent(input: { trackingNumber: $number, status: $status, description: "d" }) { id }
        }`,
        { variables: { number: trackingNumber, status }, as },
      );
      expect(errors).toEqual([]);
    }
  };
  /** Places one order for each name and makes them 169 hours old; orders expire after 168. */
  const placeOld = async (...names: string[]) => {
    const ids: string[] = [];
    {
      await using order = await around.startOrder(location);
      for (const name of names)
        ids.push(placedOrder(await placeOrder(order, `${orderId}-${name}`, items)).id);
    }
    const placed_at = new Date(Date.now() - 169 * 3_600_000);
    await withDatabase(location, (db) =>
      db.updateTable('orders').set({ placed_at }).where('id', 'in', ids).execute(),
    );
    return ids;
  };
  const statusesOf = (ids: readonly string[]) =>
    withDatabase(location, async (db) => {
      const rows = await db.selectFrom('orders').where('id', 'in', ids).select(['id', 'status']).execute();
      return ids.map((id) => rows.find((row) => row.id === id)?.status);
    });

  test('cancels orders that expired without a shipment, and follows the parcels of the others', async () => {
    const ids = await placeOld('forgotten', 'announced', 'moving', 'late', 'arrived');
    const [, announced = '', moving = '', late = '', arrived = ''] = ids;
    await shipped(announced);
    await shipped(moving, 'IN_TRANSIT');
    await shipped(late, 'IN_TRANSIT', 'DELAYED');
    await shipped(arrived, 'IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED');
    let young: string;
    {
      await using order = await around.startOrder(location, { shippingUrl: shippingTap.url });
      young = placedOrder(await placeOrder(order, orderId, items)).id;
      const stockOfOneReturns = async () => (await around.available('product-1')) === stock - 5 * 2;
      expect(await until(stockOfOneReturns, timeoutMs)).toBe(true);
    }
    expect(await statusesOf([...ids, young])).toEqual([
      'CANCELLED',
      'PACKED',
      'SHIPPED',
      'SHIPPED',
      'DELIVERED',
      'PLACED',
    ]);
    // The orders of the demo are older than that, and no stock is reserved for them.
    const demo = demoOrders.map(({ id }) => id);
    expect(await statusesOf(demo)).toEqual(demoOrders.map(({ status }) => status));
  });

  test.each([
    ['does not respond', () => shippingTap],
    ['rejects the call', () => around.productTap],
  ])('keeps expired orders while shipping %s', async (_, tapOf) => {
    const ids = await placeOld('kept');
    shippingTap.fateOf = () => 'lost';
    const tap = tapOf();
    const calls = () => tap.calls.filter((name) => name === 'ShipmentsForOrder').length;
    const before = calls();
    const order = await around.startOrder(location, { shippingUrl: tap.url });
    const isCalled = await until(async () => calls() > before, timeoutMs);
    // Waits for the run that is in progress.
    await order[Symbol.asyncDispose]();
    expect(isCalled).toBe(true);
    expect(await statusesOf(ids)).toEqual(['PLACED']);
    expect(await around.available('product-1')).toBe(stock - 2);
  });
});

type Interrupted = { readonly orderId: string; readonly ageMs: number; readonly price?: string };

/** Returns the stored state of an order after a crash between steps 1 and 2. */
function intention({ orderId, ageMs, price = '1.00' }: Interrupted): Omit<Placement, 'placed'> {
  const [item] = items;
  const line = { product_id: 'product-1', product_name: 'Tent', quantity: item?.quantity ?? 0 };
  return {
    customer_id: buyer.id,
    idempotency_key: orderId,
    order_id: orderId,
    request: JSON.stringify(items),
    currency: 'EUR',
    lines: [{ ...line, unit_price: price }],
    started_at: new Date(Date.now() - ageMs),
  };
}

async function withDatabase<Result>(
  location: DatabaseLocation,
  work: (db: Kysely<OrderTables>) => Promise<Result>,
): Promise<Result> {
  const { db, close } = await openDatabase<OrderTables>({ location, migrations, seed });
  try {
    return await work(db);
  } finally {
    await close();
  }
}

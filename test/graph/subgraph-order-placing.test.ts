import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { type OrderNeighbours, startNeighbours } from '../support/subgraphs/order-neighbours.ts';
import {
  buyer,
  cancelOrder,
  codesOf,
  countOrders,
  placedOrder,
  placeOrder,
} from '../support/subgraphs/place-order.ts';
import { databaseKinds, type TestSubgraph, type TestUser } from '../support/subgraphs/shop-subgraph.ts';

const otherCustomer = { id: 'user-2', roles: ['customer'] };
const admin = { id: 'user-4', roles: ['admin'] };
const [tent, lamp] = demoProducts;

describe.each(databaseKinds)('placing orders on %s', (database) => {
  let around: OrderNeighbours;
  let order: TestSubgraph;
  beforeAll(async () => {
    around = await startNeighbours(database);
    order = await around.startOrder(database);
    await Promise.all(['product-1', 'product-2', 'product-3'].map((id) => around.deliver(id, 1000)));
  });
  afterAll(async () => {
    await order[Symbol.asyncDispose]();
    await around[Symbol.asyncDispose]();
  });

  test('reads names and prices from product, calculates exact totals, and reserves the stock', async () => {
    const before = await around.available('product-1');
    const { data, errors } = await placeOrder(order, 'exact', [
      { productId: 'product-2', quantity: 1 },
      { productId: 'product-1', quantity: 3 },
    ]);
    expect(errors).toEqual([]);
    const cents = 3 * centsOf(tent?.price) + centsOf(lamp?.price);
    expect(data?.['placeOrder']).toEqual({
      id: expect.any(String),
      number: expect.stringMatching(/^T-\d{6}$/),
      status: 'PLACED',
      placedAt: expect.any(String),
      totalAmount: { amount: (cents / 100).toFixed(2), currency: 'EUR' },
      customer: { id: buyer.id },
      items: [
        {
          quantity: 3,
          productName: tent?.name,
          unitPrice: { amount: tent?.price, currency: 'EUR' },
          product: { id: 'product-1' },
        },
        {
          quantity: 1,
          productName: lamp?.name,
          unitPrice: { amount: lamp?.price, currency: 'EUR' },
          product: { id: 'product-2' },
        },
      ],
    });
    expect(await around.available('product-1')).toBe(before - 3);
  });

  test('continues the numbers of the demo orders', async () => {
    const items = [{ productId: 'product-1', quantity: 1 }];
    const first = placedOrder(await placeOrder(order, 'number-1', items));
    const second = placedOrder(await placeOrder(order, 'number-2', items));
    expect(Number(first.number.slice(2))).toBeGreaterThan(Number(demoOrders.at(-1)?.number.slice(2)));
    expect(Number(second.number.slice(2))).toBe(Number(first.number.slice(2)) + 1);
  });

  test('the same key twice returns the same order, without calls to other services', async () => {
    const items = [{ productId: 'product-1', quantity: 1 }];
    const first = placedOrder(await placeOrder(order, 'twice', items));
    const asked = around.productTap.calls.length + around.inventoryTap.calls.length;
    expect(placedOrder(await placeOrder(order, 'twice', items))).toEqual(first);
    expect(around.productTap.calls.length + around.inventoryTap.calls.length).toBe(asked);
  });

  test('the same key twenty times concurrently places one order', async () => {
    const before = { orders: await countOrders(order), stock: await around.available('product-2') };
    const responses = await Promise.all(
      Array.from({ length: 20 }, () =>
        placeOrder(order, 'at once', [{ productId: 'product-2', quantity: 2 }]),
      ),
    );
    expect(new Set(responses.map((response) => placedOrder(response).id)).size).toBe(1);
    expect(await countOrders(order)).toBe(before.orders + 1);
    expect(await around.available('product-2')).toBe(before.stock - 2);
  });

  test('items in another sequence are the same input', async () => {
    const items = ['product-1', 'product-2'].map((productId) => ({ productId, quantity: 1 }));
    const first = placedOrder(await placeOrder(order, 'sequence', items));
    expect(placedOrder(await placeOrder(order, 'sequence', items.toReversed())).id).toBe(first.id);
  });

  test('rejects a key that was used for another order', async () => {
    placedOrder(await placeOrder(order, 'used', [{ productId: 'product-1', quantity: 1 }]));
    const other = await placeOrder(order, 'used', [{ productId: 'product-1', quantity: 2 }]);
    expect(other.data).toEqual({ placeOrder: null });
    expect(codesOf(other)).toEqual(['CONFLICT']);
  });

  test('of two different concurrent orders with one key, one is placed and the other rejected', async () => {
    const responses = await Promise.all(
      [1, 2].map((quantity) => placeOrder(order, 'race', [{ productId: 'product-1', quantity }])),
    );
    expect(responses.flatMap(codesOf)).toEqual(['CONFLICT']);
  });

  test('the keys of one customer are independent of those of another', async () => {
    const items = [{ productId: 'product-1', quantity: 1 }];
    const mine = placedOrder(await placeOrder(order, 'common', items));
    const theirs = placedOrder(await placeOrder(order, 'common', items, otherCustomer));
    expect(theirs.id).not.toBe(mine.id);
  });

  test('a demand greater than the stock is served up to the stock', async () => {
    const stock = await around.available('product-3');
    const quantity = Math.ceil(stock / 4);
    const responses = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        placeOrder(order, `rush-${index}`, [{ productId: 'product-3', quantity }]),
      ),
    );
    const placed = Math.floor(stock / quantity);
    expect(responses.flatMap(codesOf)).toEqual(Array.from({ length: 8 - placed }, () => 'CONFLICT'));
    expect(await around.available('product-3')).toBe(stock - placed * quantity);
  });

  describe('limits per tier', () => {
    const limits = [
      { tier: 'FREE', openOrders: 3, pieces: 10 },
      { tier: 'PREMIUM', openOrders: 4, pieces: 20 },
    ] as const;
    const one = [{ productId: 'product-1', quantity: 1 }];
    let limited: TestSubgraph;
    beforeAll(async () => {
      limited = await around.startOrder(database, { orderLimits: [...limits] });
    });
    afterAll(() => limited[Symbol.asyncDispose]());

    const customer = (id: string, tier?: string): TestUser => ({ id, ...(tier !== undefined && { tier }) });

    test.each([
      ['FREE', 3],
      ['PREMIUM', 4],
      ['a-tier-without-limits', 3],
      [undefined, 3],
    ])('of orders placed at the same time, tier %s may have %i open', async (tier, allowed) => {
      const as = customer(`at-once-${tier}`, tier);
      const before = await around.available('product-1');
      const responses = await Promise.all(
        Array.from({ length: 7 }, (_, index) => placeOrder(limited, `limit-${index}`, one, as)),
      );
      expect(responses.flatMap(codesOf)).toEqual(
        Array.from({ length: 7 - allowed }, () => 'ORDER_LIMIT_EXCEEDED'),
      );
      expect(await around.available('product-1')).toBe(before - allowed);
    });

    test('a used key still returns its order, and a cancelled order no longer counts', async () => {
      const as = customer('regular', 'FREE');
      const place = (key: string) => placeOrder(limited, key, one, as);
      const [first] = [
        placedOrder(await place('1')),
        placedOrder(await place('2')),
        placedOrder(await place('3')),
      ];
      const rejected = await place('4');
      expect(rejected.data).toEqual({ placeOrder: null });
      expect(rejected.errors[0]?.message).toBe(
        'In your tier at most 3 orders may be open at a time: cancel one, or wait until one is shipped.',
      );
      expect(placedOrder(await place('1'))).toEqual(first);
      await cancelOrder(limited, first.id, as);
      expect(placedOrder(await place('4')).status).toBe('PLACED');
      expect(codesOf(await place('5'))).toEqual(['ORDER_LIMIT_EXCEEDED']);
    });

    test('orders that have left the warehouse do not count', async () => {
      const shipped = demoOrders.filter(({ status }) => status === 'DELIVERED' || status === 'SHIPPED');
      const open = demoOrders.filter(({ status }) => status === 'PLACED' || status === 'PACKED');
      const countOf = (orders: typeof demoOrders) =>
        orders.filter(({ customerId }) => customerId === 'user-3').length;
      expect([countOf(shipped) > 4, countOf(open)]).toEqual([true, 1]);
      const as = customer('user-3', 'PREMIUM');
      const responses = await Promise.all(
        ['a', 'b', 'c', 'd'].map((key) => placeOrder(limited, key, one, as)),
      );
      expect(responses.flatMap(codesOf)).toEqual(['ORDER_LIMIT_EXCEEDED']);
    });

    test('pieces of an order are counted over all products', async () => {
      const items = [6, 5].map((quantity, index) => ({ productId: `product-${index + 1}`, quantity }));
      const rejected = await placeOrder(limited, 'pieces', items, customer('bulk', 'FREE'));
      expect(codesOf(rejected)).toEqual(['ORDER_LIMIT_EXCEEDED']);
      expect(rejected.errors[0]?.message).toBe('In your tier an order may have at most 10 pieces, not 11.');
      expect(
        placedOrder(await placeOrder(limited, 'pieces', items, customer('bulk', 'PREMIUM'))).status,
      ).toBe('PLACED');
    });
  });

  test.each([
    ['no items', 'k', []],
    ['a product twice', 'k', ['product-1', 'product-1'].map((productId) => ({ productId, quantity: 1 }))],
    ['nothing of a product', 'k', [{ productId: 'product-1', quantity: 0 }]],
    ['an unknown product', 'k', [{ productId: 'no-such-product', quantity: 1 }]],
    ['an empty key', '', [{ productId: 'product-1', quantity: 1 }]],
    ['a key that is too long', 'k'.repeat(129), [{ productId: 'product-1', quantity: 1 }]],
  ])('rejects %s', async (_, key, items) => {
    const response = await placeOrder(order, key, items);
    expect(response.data).toEqual({ placeOrder: null });
    expect(codesOf(response)).toEqual(['BAD_USER_INPUT']);
  });

  test('rejects anonymous callers that place or cancel an order', async () => {
    const { errors } = await order.call(`mutation {
      placeOrder(input: { items: [{ productId: "product-1", quantity: 1 }] }, idempotencyKey: "k") { id }
      cancelOrder(id: "order-1") { id }
    }`);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });

  test('cancelling returns the stock, once', async () => {
    const before = await around.available('product-1');
    const { id } = placedOrder(await placeOrder(order, 'regret', [{ productId: 'product-1', quantity: 5 }]));
    expect((await cancelOrder(order, id)).data).toEqual({ cancelOrder: { id, status: 'CANCELLED' } });
    expect((await cancelOrder(order, id)).data).toEqual({ cancelOrder: { id, status: 'CANCELLED' } });
    expect(await around.available('product-1')).toBe(before);
  });

  test('the key of a cancelled order still returns that order', async () => {
    const items = [{ productId: 'product-1', quantity: 1 }];
    const { id } = placedOrder(await placeOrder(order, 'cancelled', items));
    await cancelOrder(order, id);
    expect(placedOrder(await placeOrder(order, 'cancelled', items))).toMatchObject({
      id,
      status: 'CANCELLED',
    });
  });

  test.each([
    ['another customer', otherCustomer, 'PLACED', 'NOT_FOUND'],
    ['an administrator after the shipment', admin, 'SHIPPED', 'CONFLICT'],
    ['an administrator after the delivery', admin, 'DELIVERED', 'CONFLICT'],
  ])('an order is not cancelled by %s', async (_, as, status, code) => {
    const fact = demoOrders.find((demo) => demo.status === status && demo.customerId !== otherCustomer.id);
    const response = await cancelOrder(order, fact?.id ?? '', as);
    expect(response.data).toEqual({ cancelOrder: null });
    expect(codesOf(response)).toEqual([code]);
  });
});

function centsOf(price: string | undefined): number {
  return Number(price?.replace('.', ''));
}

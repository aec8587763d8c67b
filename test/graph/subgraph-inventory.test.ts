import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startInventory } from '../../subgraphs/inventory/server.ts';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { databaseKinds, startTestSubgraph, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const keeper = { id: 'user-7', roles: ['inventory'] };
const service = { service: 'order' } as const;
const customer = { id: 'user-1', roles: ['customer'] };
const north = 'Rotterdam Harbour';
const south = 'Lyon South';

const adjustMutation = `mutation ($input: AdjustStockInput!) {
  adjustStock(input: $input) { id stock { available warehouses { name available } } }
}`;
const reserveMutation = `mutation ($id: ID!, $items: [ReserveStockItemInput!]!) {
  reserveStock(reservationId: $id, items: $items) { id status items { quantity product { id inStock } } }
}`;
const releaseMutation = `mutation ($id: ID!) {
  releaseStock(reservationId: $id) { id status items { quantity product { id } } }
}`;
const stockQuery = `query ($representations: [_Any!]!) {
  products: _entities(representations: $representations) {
    ... on Product { id inStock stock { available warehouses { name available } } }
  }
}`;
const lowStockQuery = `query ($threshold: Int, $first: Int, $after: String) {
  lowStock(threshold: $threshold, first: $first, after: $after) {
    edges { cursor node { id stock { available } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

type Item = { productId: string; quantity: number };
type Stock = { available: number; warehouses: { name: string; available: number }[] };

describe.each(databaseKinds)('the inventory subgraph on %s', (database) => {
  let inventory: TestSubgraph;
  beforeAll(async () => {
    inventory = await startTestSubgraph('inventory', startInventory, { database });
  });
  afterAll(() => inventory[Symbol.asyncDispose]());

  const adjust = (productId: string, warehouse: string, delta: number) =>
    inventory.call(adjustMutation, { variables: { input: { productId, warehouse, delta } }, as: keeper });
  const reserve = (id: string, items: readonly Item[]) =>
    inventory.call(reserveMutation, { variables: { id, items }, as: service });
  const release = (id: string) => inventory.call(releaseMutation, { variables: { id }, as: service });
  const stockOf = async (...ids: readonly string[]): Promise<Stock[]> => {
    const representations = ids.map((id) => ({ __typename: 'Product', id }));
    const { data } = await inventory.call(stockQuery, { variables: { representations } });
    return (data as { products: { stock: Stock }[] }).products.map(({ stock }) => stock);
  };
  const availableOf = async (id: string) => (await stockOf(id))[0]?.available;

  test('returns the stock of a product by warehouse to everyone', async () => {
    await adjust('lamp', north, 3);
    await adjust('lamp', south, 4);
    const { data, errors } = await inventory.call(stockQuery, {
      variables: { representations: [{ __typename: 'Product', id: 'lamp' }] },
    });
    expect(errors).toEqual([]);
    expect(data).toEqual({
      products: [
        {
          id: 'lamp',
          inStock: true,
          stock: {
            available: 7,
            warehouses: [
              { name: south, available: 4 },
              { name: north, available: 3 },
            ],
          },
        },
      ],
    });
  });

  test('a product without pieces in any warehouse is out of stock', async () => {
    const { data } = await inventory.call(stockQuery, {
      variables: { representations: [{ __typename: 'Product', id: 'never-delivered' }] },
    });
    expect(data).toEqual({
      products: [{ id: 'never-delivered', inStock: false, stock: { available: 0, warehouses: [] } }],
    });
  });

  test('reads the stock of fifty products with one query', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `product-${index + 1}`);
    inventory.statements.length = 0;
    expect(await stockOf(...ids)).toHaveLength(50);
    expect(inventory.statements).toHaveLength(1);
  });

  test('takes reserved pieces out of stock and returns them', async () => {
    await adjust('vase', north, 5);
    const reserved = await reserve('vase-order', [{ productId: 'vase', quantity: 5 }]);
    expect(reserved.data).toEqual({
      reserveStock: {
        id: 'vase-order',
        status: 'HELD',
        items: [{ quantity: 5, product: { id: 'vase', inStock: false } }],
      },
    });
    const released = await release('vase-order');
    expect(released.data).toEqual({
      releaseStock: {
        id: 'vase-order',
        status: 'RELEASED',
        items: [{ quantity: 5, product: { id: 'vase' } }],
      },
    });
    expect(await availableOf('vase')).toBe(5);
  });

  test('splits a reservation over warehouses only if no single one has enough', async () => {
    await adjust('rug', north, 3);
    await adjust('rug', south, 5);
    await reserve('rug-1', [{ productId: 'rug', quantity: 4 }]);
    expect((await stockOf('rug'))[0]?.warehouses).toEqual([
      { name: south, available: 1 },
      { name: north, available: 3 },
    ]);
    await reserve('rug-2', [{ productId: 'rug', quantity: 4 }]);
    expect(await availableOf('rug')).toBe(0);
    await release('rug-2');
    expect((await stockOf('rug'))[0]?.warehouses).toEqual([
      { name: south, available: 1 },
      { name: north, available: 3 },
    ]);
  });

  test('reserves all items or none', async () => {
    await adjust('cup', north, 9);
    await adjust('saucer', north, 1);
    const rejected = await reserve('tea-set', [
      { productId: 'cup', quantity: 2 },
      { productId: 'saucer', quantity: 2 },
    ]);
    expect(rejected.data).toEqual({ reserveStock: null });
    expect(rejected.errors[0]).toMatchObject({
      message: 'Not enough stock of saucer.',
      path: ['reserveStock'],
      extensions: { code: 'CONFLICT' },
    });
    expect(await availableOf('cup')).toBe(9);

    await adjust('saucer', north, 1);
    const repeated = await reserve('tea-set', [
      { productId: 'cup', quantity: 2 },
      { productId: 'saucer', quantity: 2 },
    ]);
    expect(repeated.data).toMatchObject({ reserveStock: { status: 'HELD' } });
  });

  test('the same reservation ten times concurrently takes its pieces once', async () => {
    await adjust('clock', north, 20);
    const responses = await Promise.all(
      Array.from({ length: 10 }, () => reserve('clock-order', [{ productId: 'clock', quantity: 2 }])),
    );
    expect(responses.flatMap(({ errors }) => errors)).toEqual([]);
    expect(await availableOf('clock')).toBe(18);

    await Promise.all(Array.from({ length: 10 }, () => release('clock-order')));
    expect(await availableOf('clock')).toBe(20);
  });

  test('rejects a reservation id that has other items', async () => {
    await adjust('bowl', north, 9);
    await reserve('bowl-order', [{ productId: 'bowl', quantity: 1 }]);
    const { errors } = await reserve('bowl-order', [{ productId: 'bowl', quantity: 2 }]);
    expect(errors[0]?.extensions.code).toBe('CONFLICT');
    expect(await availableOf('bowl')).toBe(8);
  });

  test('a release that arrives before its reservation prevents it', async () => {
    await adjust('tray', north, 9);
    const { data } = await release('tray-order');
    expect(data).toEqual({ releaseStock: { id: 'tray-order', status: 'RELEASED', items: [] } });
    const { errors } = await reserve('tray-order', [{ productId: 'tray', quantity: 1 }]);
    expect(errors[0]?.extensions.code).toBe('CONFLICT');
    expect(await availableOf('tray')).toBe(9);
  });

  test('a hundred concurrent reservations never take more than the stock', async () => {
    await adjust('ticket', north, 20);
    await adjust('ticket', south, 21);
    const responses = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        reserve(`race-${index}`, [{ productId: 'ticket', quantity: 1 }]),
      ),
    );
    const rejections = responses.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code));
    expect(rejections).toEqual(Array.from({ length: 59 }, () => 'CONFLICT'));
    expect(await availableOf('ticket')).toBe(0);
  });

  test('concurrent reservations, releases and deliveries of the same products keep the number of pieces correct', async () => {
    await Promise.all(['left', 'middle', 'right'].map((id) => adjust(id, north, 30)));
    const orders: Item[][] = [
      [
        { productId: 'left', quantity: 1 },
        { productId: 'right', quantity: 1 },
      ],
      [
        { productId: 'right', quantity: 1 },
        { productId: 'middle', quantity: 1 },
        { productId: 'left', quantity: 1 },
      ],
    ];
    const responses = await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        const reserved = await reserve(`mixed-${index}`, orders[index % 2] ?? []);
        const released = await release(`mixed-${index}`);
        return [...reserved.errors, ...released.errors, ...(await adjust('middle', north, 1)).errors];
      }),
    );
    const codes = responses.flat().map(({ extensions }) => extensions.code);
    expect(codes.filter((code) => code !== 'CONFLICT')).toEqual([]);
    expect((await stockOf('left', 'middle', 'right')).map(({ available }) => available)).toEqual([
      30, 90, 30,
    ]);
  });

  test('a loss cannot make the stock negative', async () => {
    await adjust('plate', north, 2);
    const rejected = await adjust('plate', north, -3);
    expect(rejected.errors[0]).toMatchObject({ extensions: { code: 'CONFLICT' } });
    const booked = await adjust('plate', north, -2);
    expect(booked.data).toMatchObject({ adjustStock: { stock: { available: 0 } } });
  });

  test.each([
    ['no change', { productId: 'x', warehouse: north, delta: 0 }, 'BAD_USER_INPUT'],
    ['a change above the maximum', { productId: 'x', warehouse: north, delta: 100_001 }, 'BAD_USER_INPUT'],
    [
      'a product id without end',
      { productId: 'x'.repeat(129), warehouse: north, delta: 1 },
      'BAD_USER_INPUT',
    ],
    ['an unknown warehouse', { productId: 'x', warehouse: 'Atlantis', delta: 1 }, 'NOT_FOUND'],
  ])('rejects a booking of %s', async (_, input, code) => {
    const { errors } = await inventory.call(adjustMutation, { variables: { input }, as: keeper });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  });

  test.each([
    ['no items', []],
    ['a product twice', ['a', 'a'].map((productId) => ({ productId, quantity: 1 }))],
    ['nothing of a product', [{ productId: 'a', quantity: 0 }]],
    ['too much of a product', [{ productId: 'a', quantity: 1001 }]],
    [
      'too many products',
      Array.from({ length: 51 }, (_, index) => ({ productId: `p${index}`, quantity: 1 })),
    ],
  ])('rejects a reservation of %s', async (_, items) => {
    const { errors } = await reserve('rejected', items);
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test.each([
    ['adjustStock', adjustMutation, { input: { productId: 'x', warehouse: north, delta: 1 } }],
    ['reserveStock', reserveMutation, { id: 'x', items: [{ productId: 'x', quantity: 1 }] }],
    ['releaseStock', releaseMutation, { id: 'x' }],
  ])('%s is for the staff of the warehouse and for services', async (_, mutation, variables) => {
    const anonymous = await inventory.call(mutation, { variables });
    expect(anonymous.errors[0]?.extensions.code).toBe('UNAUTHENTICATED');
    const outsider = await inventory.call(mutation, { variables, as: customer });
    expect(outsider.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  test('pages through the scarcest products without repeating or losing one', async () => {
    const list = async (first: number, after: string | null = null) => {
      const { data } = await inventory.call(lowStockQuery, { variables: { threshold: 3, first, after } });
      return (data as { lowStock: LowStock }).lowStock;
    };
    const all = await list(100);
    const paged: string[] = [];
    let page = await list(7);
    expect(page.pageInfo.hasPreviousPage).toBe(false);
    for (;;) {
      paged.push(...page.edges.map(({ node }) => node.id));
      if (!page.pageInfo.hasNextPage) break;
      page = await list(7, page.pageInfo.endCursor);
    }
    expect(all.edges.length).toBeGreaterThan(7);
    expect(paged).toEqual(all.edges.map(({ node }) => node.id));
    const pieces = all.edges.map(({ node }) => node.stock.available);
    expect(pieces).toEqual(pieces.toSorted((one, other) => one - other));
    expect(Math.max(...pieces)).toBeLessThanOrEqual(3);
  });

  test('reads a page of low stock with two queries', async () => {
    inventory.statements.length = 0;
    await inventory.call(lowStockQuery, { variables: { threshold: 3, first: 50 } });
    expect(inventory.statements).toHaveLength(2);
  });

  test.each([
    ['first: 0', { first: 0 }],
    ['first: 101', { first: 101 }],
    ['a negative threshold', { threshold: -1 }],
    ['a threshold above the maximum', { threshold: 1001 }],
    ['a cursor without a position', { after: 'bm90aGluZw' }],
    ['a forged cursor', { after: cursorOf(['scarcest-first', 'many', 'product-1']) }],
  ])('rejects %s', async (_, variables) => {
    const { data, errors } = await inventory.call(lowStockQuery, { variables });
    expect(data).toEqual({ lowStock: null });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('the demo orders that have not been shipped reserve their stock', async () => {
    const waiting = demoOrders.find(({ status }) => status === 'PLACED');
    const { data } = await release(waiting?.id ?? '');
    const { items } = (data as { releaseStock: { items: unknown[] } }).releaseStock;
    expect(items.length).toBeGreaterThan(0);
  });
});

type LowStock = {
  edges: { node: { id: string; stock: { available: number } } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string };
};

function cursorOf(values: readonly string[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

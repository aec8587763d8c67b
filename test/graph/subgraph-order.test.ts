import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startOrder } from '../../subgraphs/order/server.ts';
import { type DemoOrder, demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { databaseKinds, startTestSubgraph, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const admin = { id: 'user-4', roles: ['admin'] };
const customer = { id: 'user-1', roles: ['customer'] };
const otherCustomer = { id: 'user-2', roles: ['customer'] };
const service = { service: 'support' } as const;

const orderQuery = `query ($id: ID!) {
  order(id: $id) {
    id number status placedAt
    items { quantity unitPrice { amount currency } productName product { id } }
    totalAmount { amount currency }
    customer { id }
  }
}`;
const listQuery = `query ($first: Int, $after: String, $status: OrderStatus, $customerId: ID) {
  orders(first: $first, after: $after, status: $status, customerId: $customerId) {
    edges { cursor node { id status customer { id } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;
const ordersOfUsersQuery = `query ($representations: [_Any!]!, $first: Int, $after: String, $status: OrderStatus) {
  users: _entities(representations: $representations) {
    ... on User {
      id
      orders(first: $first, after: $after, status: $status) {
        edges { node { id items { productName } totalAmount { amount } } }
        pageInfo { hasNextPage hasPreviousPage endCursor }
      }
    }
  }
}`;

const newestFirst = demoOrders.toSorted((one, other) => other.placedAt.getTime() - one.placedAt.getTime());
const ordersOf = (customerId: string) => newestFirst.filter((order) => order.customerId === customerId);
const idsOf = (orders: readonly DemoOrder[]) => orders.map(({ id }) => id);

describe.each(databaseKinds)('the order subgraph on %s', (database) => {
  let order: TestSubgraph;
  beforeAll(async () => {
    order = await startTestSubgraph('order', startOrder, { database });
  });
  afterAll(() => order[Symbol.asyncDispose]());
  beforeEach(() => {
    order.statements.length = 0;
  });

  // The recovery reads its own tables at any time.
  const readsOfOrders = () =>
    order.statements.filter((statement) => /from "(orders|order_items)"/.test(statement)).length;
  const list = async (variables: Record<string, unknown>, as = customer) => {
    const { data, errors } = await order.call(listQuery, { variables, as });
    expect(errors).toEqual([]);
    return (data as { orders: OrderList }).orders;
  };
  const ordersOfUsers = async (ids: readonly string[], variables = {}, as = admin) => {
    const representations = ids.map((id) => ({ __typename: 'User', id }));
    return order.call(ordersOfUsersQuery, { variables: { representations, ...variables }, as });
  };

  test('returns every field of an order to its customer', async () => {
    const [fact] = ordersOf(customer.id);
    const { data, errors } = await order.call(orderQuery, { variables: { id: fact?.id }, as: customer });
    expect(errors).toEqual([]);
    expect(data).toEqual({
      order: {
        id: fact?.id,
        number: fact?.number,
        status: fact?.status,
        placedAt: fact?.placedAt.toISOString(),
        items: fact?.items.map((item) => ({
          quantity: item.quantity,
          unitPrice: { amount: item.unitPrice, currency: 'EUR' },
          productName: item.productName,
          product: { id: item.productId },
        })),
        totalAmount: { amount: totalOf(fact), currency: 'EUR' },
        customer: { id: customer.id },
      },
    });
  });

  test.each([
    ['its customer', customer, true],
    ['an administrator', admin, true],
    ['another service', service, true],
    ['another customer', otherCustomer, false],
    ['an anonymous caller', undefined, false],
  ])('shows an order to %s: %s', async (_, as, visible) => {
    const [fact] = ordersOf(customer.id);
    const options = { variables: { id: fact?.id }, ...(as && { as }) };
    const { data, errors } = await order.call('query ($id: ID!) { order(id: $id) { id } }', options);
    expect(errors).toEqual([]);
    expect(data).toEqual({ order: visible ? { id: fact?.id } : null });
  });

  test('hides an order reached by reference from other users, too', async () => {
    const representations = [ordersOf(customer.id), ordersOf(otherCustomer.id)].map((orders) => ({
      __typename: 'Order',
      id: orders[0]?.id,
    }));
    const { data } = await order.call(
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Order { id } } }',
      { variables: { representations }, as: customer },
    );
    expect(data).toEqual({ _entities: [{ id: representations[0]?.id }, null] });
  });

  test('lists the orders of a customer, newest first', async () => {
    const { edges, pageInfo } = await list({ first: 100 });
    expect(edges.map(({ node }) => node.id)).toEqual(idsOf(ordersOf(customer.id)));
    expect(pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: false });
  });

  test('lists the orders of all customers to an administrator, or those of one customer', async () => {
    const everybody = await list({ first: 100 }, admin);
    expect(everybody.edges.map(({ node }) => node.id)).toEqual(idsOf(newestFirst.slice(0, 100)));
    const one = await list({ first: 100, customerId: otherCustomer.id }, admin);
    expect(one.edges.map(({ node }) => node.id)).toEqual(idsOf(ordersOf(otherCustomer.id)));
  });

  test.each([
    ['anonymous callers', undefined, {}, 'UNAUTHENTICATED'],
    ['customers that request the orders of another', customer, { customerId: otherCustomer.id }, 'FORBIDDEN'],
  ])('lists nothing to %s', async (_, as, variables, code) => {
    const { data, errors } = await order.call(listQuery, { variables, ...(as && { as }) });
    expect(data).toEqual({ orders: null });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual([code]);
  });

  test('pages without repeating or losing an order', async () => {
    const ids: string[] = [];
    let page = await list({ first: 9 });
    while (page.pageInfo.hasNextPage) {
      ids.push(...page.edges.map(({ node }) => node.id));
      page = await list({ first: 9, after: page.pageInfo.endCursor });
      expect(page.pageInfo.hasPreviousPage).toBe(true);
    }
    ids.push(...page.edges.map(({ node }) => node.id));
    expect(ids).toEqual(idsOf(ordersOf(customer.id)));
  });

  test('filters by status', async () => {
    const { edges } = await list({ first: 100, status: 'CANCELLED' }, admin);
    const cancelled = newestFirst.filter(({ status }) => status === 'CANCELLED');
    expect(edges.map(({ node }) => node.id)).toEqual(idsOf(cancelled.slice(0, 100)));
  });

  test.each([
    ['first: 0', { first: 0 }],
    ['first: 101', { first: 101 }],
    ['a cursor without a position', { after: 'bm90aGluZw' }],
    ['a forged cursor', { after: cursorOf(['newest-first', 'no time', 'order-1']) }],
  ])('rejects %s', async (_, variables) => {
    const { data, errors } = await order.call(listQuery, { variables, as: customer });
    expect(data).toEqual({ orders: null });
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('reads fifty orders with their items with two queries', async () => {
    const representations = newestFirst.slice(0, 50).map(({ id }) => ({ __typename: 'Order', id }));
    const { data } = await order.call(
      `query ($representations: [_Any!]!) {
        _entities(representations: $representations) { ... on Order { id items { productName } totalAmount { amount } } }
      }`,
      { variables: { representations }, as: admin },
    );
    expect(data?.['_entities']).toHaveLength(50);
    expect(readsOfOrders()).toBe(2);
  });

  test('reads the orders of many users with two queries, with separate pages for each list', async () => {
    const ids = ['user-1', 'user-2', 'user-3', 'user-9', 'user-nobody'];
    const { data, errors } = await ordersOfUsers(ids, { first: 3 });
    expect(errors).toEqual([]);
    const users = (data as { users: { id: string; orders: OrderList }[] }).users;
    for (const { id, orders } of users) {
      expect(orders.edges.map(({ node }) => node.id)).toEqual(idsOf(ordersOf(id).slice(0, 3)));
      expect(orders.pageInfo.hasNextPage).toBe(ordersOf(id).length > 3);
    }
    expect(users.map(({ id }) => id)).toEqual(ids);
    expect(readsOfOrders()).toBe(2);
  });

  test('continues after a cursor in the orders of a user', async () => {
    const page = async (variables: object) => {
      const { data } = await ordersOfUsers([customer.id], { status: 'DELIVERED', ...variables }, customer);
      return (data as { users: { orders: OrderList }[] }).users[0]?.orders;
    };
    const delivered = ordersOf(customer.id).filter(({ status }) => status === 'DELIVERED');
    const start = await page({ first: 2 });
    const next = await page({ first: 2, after: start?.pageInfo.endCursor });
    expect(next?.edges.map(({ node }) => node.id)).toEqual(idsOf(delivered.slice(2, 4)));
  });

  test('denies the orders of another user, and returns the rest', async () => {
    const { data, errors } = await ordersOfUsers([customer.id, otherCustomer.id], { first: 1 }, customer);
    expect(data).toMatchObject({
      users: [{ orders: { edges: [{}] } }, { id: otherCustomer.id, orders: null }],
    });
    expect(errors).toMatchObject([{ path: ['users', 1, 'orders'], extensions: { code: 'FORBIDDEN' } }]);
  });
});

type OrderList = {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string };
};

/** Calculates in whole cents, unlike the service. */
function totalOf(order: DemoOrder | undefined): string {
  const cents = (order?.items ?? []).reduce(
    (sum, item) => sum + item.quantity * Number(item.unitPrice.replace('.', '')),
    0,
  );
  return (cents / 100).toFixed(2);
}

function cursorOf(values: readonly string[]): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url');
}

import { sql } from 'kysely';
import {
  type Connection,
  fetchConnection,
  fetchConnectionOfEach,
  type Ordering,
  type PageArguments,
} from '../../database/connection.ts';
import { recordPendingRelease } from './pending-releases.ts';
import { openStatuses, type Order, type OrderDatabase, type OrderItem, type OrderStatus } from './data.ts';

export type OrdersPage = PageArguments & { readonly status?: OrderStatus | null };
export type CancelOutcome = 'cancelled' | 'already-cancelled' | 'too-late';

const newestFirst: Ordering<Order> = {
  name: 'newest-first',
  columns: ['placed_at', 'id'],
  direction: 'desc',
  keysetOf: (order) => [order.placed_at.toISOString(), order.id],
};

export function ordersByIds(db: OrderDatabase, ids: readonly string[]): Promise<Order[]> {
  return selectOrders(db).where('id', 'in', ids).execute();
}

export function itemsOf(db: OrderDatabase, orderIds: readonly string[]): Promise<OrderItem[]> {
  return db
    .selectFrom('order_items')
    .innerJoin('orders', 'orders.id', 'order_items.order_id')
    .where('order_id', 'in', orderIds)
    .selectAll('order_items')
    .select('orders.currency')
    .orderBy('order_id')
    .orderBy('line')
    .execute();
}

/** Lists the orders of one customer, or of all. */
export function listOrders(
  db: OrderDatabase,
  customerId: string | null,
  page: OrdersPage,
): Promise<Connection<Order>> {
  let query = selectOrders(db);
  if (customerId !== null) query = query.where('customer_id', '=', customerId);
  if (page.status != null) query = query.where('status', '=', page.status);
  return fetchConnection(query, newestFirst, page);
}

/** Lists the same page of the orders of each customer. */
export function listOrdersOfEach(
  db: OrderDatabase,
  customerIds: readonly string[],
  page: OrdersPage,
): Promise<ReadonlyMap<string, Connection<Order>>> {
  let query = selectOrders(db).where('customer_id', 'in', customerIds);
  if (page.status != null) query = query.where('status', '=', page.status);
  return fetchConnectionOfEach(db, query, { column: 'customer_id', keys: customerIds }, newestFirst, page);
}

export function cancel(db: OrderDatabase, orderId: string): Promise<CancelOutcome> {
  return db.transaction().execute(async (trx) => {
    const { status } = await trx
      .selectFrom('orders')
      .where('id', '=', orderId)
      .select('status')
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (status === 'CANCELLED') return 'already-cancelled';
    if (!openStatuses.includes(status)) return 'too-late';
    await trx.updateTable('orders').set({ status: 'CANCELLED' }).where('id', '=', orderId).execute();
    await recordPendingRelease(trx, orderId);
    return 'cancelled';
  });
}

function selectOrders(db: OrderDatabase) {
  return db
    .selectFrom('orders')
    .selectAll()
    .select((row) =>
      row
        .selectFrom('order_items')
        .whereRef('order_id', '=', 'orders.id')
        // `numeric` is exact.
        .select(sql<string>`coalesce(sum(quantity * unit_price), 0)`.as('total'))
        .as('total'),
    )
    .$narrowType<{ total: string }>();
}

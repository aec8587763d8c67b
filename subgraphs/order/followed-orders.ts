import { type Kysely } from 'kysely';
import { openStatuses, type OrderStatus, type OrderTables } from './data.ts';
import { recordPendingRelease } from './pending-releases.ts';

export type FollowedOrder = { readonly id: string; readonly status: OrderStatus; readonly placed_at: Date };
/** A status that follows from the parcel. */
export type ShippedStatus = 'PACKED' | 'SHIPPED' | 'DELIVERED';

type Db = Kysely<OrderTables>;

/** Statuses from which an order may change to this one: never backwards, and never from cancelled. */
const earlier: Readonly<Record<ShippedStatus, readonly OrderStatus[]>> = {
  PACKED: ['PLACED'],
  SHIPPED: openStatuses,
  DELIVERED: [...openStatuses, 'SHIPPED'],
};

/**
 * Returns orders whose parcel has not arrived, sorted by id. Orders without a placement, such as demo orders,
 * hold no reservation and are excluded.
 */
export function followedOrders(db: Db, after: string, count: number): Promise<FollowedOrder[]> {
  return db
    .selectFrom('placements')
    .innerJoin('orders', 'orders.id', 'placements.order_id')
    .where('orders.status', 'in', earlier.DELIVERED)
    .where('orders.id', '>', after)
    .select(['orders.id', 'orders.status', 'orders.placed_at'])
    .orderBy('orders.id')
    .limit(count)
    .execute();
}

export async function advance(db: Db, orderId: string, status: ShippedStatus): Promise<void> {
  await db
    .updateTable('orders')
    .set({ status })
    .where('id', '=', orderId)
    .where('status', 'in', earlier[status])
    .execute();
}

/** Cancels an order that is still PLACED and records that its stock is to be released. */
export function expire(db: Db, orderId: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('orders')
      .set({ status: 'CANCELLED' })
      .where('id', '=', orderId)
      .where('status', '=', 'PLACED')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await recordPendingRelease(trx, orderId);
    return true;
  });
}

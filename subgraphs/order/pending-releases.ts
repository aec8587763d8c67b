import type { OrderDatabase, OrderTransaction } from './data.ts';

export async function pendingReleases(db: OrderDatabase): Promise<string[]> {
  const rows = await db.selectFrom('pending_releases').select('order_id').orderBy('order_id').execute();
  return rows.map((row) => row.order_id);
}

export async function deletePendingRelease(db: OrderDatabase, orderId: string): Promise<void> {
  await db.deleteFrom('pending_releases').where('order_id', '=', orderId).execute();
}

export async function recordPendingRelease(trx: OrderTransaction, orderId: string): Promise<void> {
  await trx
    .insertInto('pending_releases')
    .values({ order_id: orderId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

import { sql } from 'kysely';
import { recordPendingRelease } from './pending-releases.ts';
import { openStatuses, type OrderDatabase, type OrderTransaction, type Placement } from './data.ts';

export function findPlacement(
  db: OrderDatabase,
  customerId: string,
  key: string,
): Promise<Placement | undefined> {
  return db
    .selectFrom('placements')
    .where('customer_id', '=', customerId)
    .where('idempotency_key', '=', key)
    .selectAll()
    .executeTakeFirst();
}

/**
 * Records the intention to place an order, unless its customer has `maxOpenOrders` already. Does nothing if
 * the key is used: the first call with a key is valid.
 */
export function openPlacement(
  db: OrderDatabase,
  placement: Omit<Placement, 'placed'>,
  maxOpenOrders: number,
): Promise<'opened' | 'key-used' | 'too-many-open'> {
  const { customer_id, idempotency_key } = placement;
  return db.transaction().execute(async (trx) => {
    // Serializes the placements of one customer, so that each counts the earlier ones.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`open orders of ${customer_id}`}, 0))`.execute(
      trx,
    );
    if ((await findPlacement(trx, customer_id, idempotency_key)) !== undefined) return 'key-used';
    if ((await countOpenOrders(trx, customer_id)) >= maxOpenOrders) return 'too-many-open';
    await trx
      .insertInto('placements')
      .values({ ...placement, lines: JSON.stringify(placement.lines), placed: false })
      .execute();
    return 'opened';
  });
}

/**
 * Counts orders and unfinished placements in one statement: between two statements, a placement could become
 * an order and be counted twice or not at all.
 */
async function countOpenOrders(trx: OrderTransaction, customerId: string): Promise<number> {
  const open = trx
    .selectFrom('orders')
    .where('customer_id', '=', customerId)
    .where('status', 'in', openStatuses)
    .select('id');
  const unfinished = trx
    .selectFrom('placements')
    .where('customer_id', '=', customerId)
    .where('placed', '=', false)
    .select('order_id as id');
  const { count } = await trx
    .selectFrom(open.unionAll(unfinished).as('open'))
    .select(sql<number>`count(*)::int`.as('count'))
    .executeTakeFirstOrThrow();
  return count;
}

/** Makes the order of a placement visible; false if another call has placed or aborted it. */
export function completePlacement(db: OrderDatabase, placement: Placement, placedAt: Date): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numUpdatedRows } = await trx
      .updateTable('placements')
      .set({ placed: true })
      .where('order_id', '=', placement.order_id)
      .where('placed', '=', false)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return false;
    await insertOrder(trx, placement, placedAt);
    return true;
  });
}

/** Deletes a placement and records its pending release; false if another call has placed or aborted it. */
export function abortPlacement(db: OrderDatabase, orderId: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('placements')
      .where('order_id', '=', orderId)
      .where('placed', '=', false)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return false;
    await recordPendingRelease(trx, orderId);
    return true;
  });
}

export async function unfinishedPlacements(db: OrderDatabase, startedBefore: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('placements')
    .where('placed', '=', false)
    .where('started_at', '<', startedBefore)
    .select('order_id')
    .execute();
  return rows.map((row) => row.order_id);
}

async function insertOrder(trx: OrderTransaction, placement: Placement, placedAt: Date): Promise<void> {
  const { order_id, customer_id, currency, lines } = placement;
  await trx
    .insertInto('orders')
    .values({
      id: order_id,
      number: sql<string>`'T-' || nextval('order_numbers')`,
      customer_id,
      status: 'PLACED',
      placed_at: placedAt,
      currency,
    })
    .execute();
  await trx
    .insertInto('order_items')
    .values(lines.map((item, line) => ({ ...item, order_id, line })))
    .execute();
}

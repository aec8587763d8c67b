import { type ColumnType, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Migration } from 'kysely/migration';
import {
  type Connection,
  fetchConnection,
  fetchConnectionOfEach,
  type Ordering,
  type PageArguments,
} from '../database/connection.ts';

export interface OrderTables {
  orders: {
    id: string;
    number: string;
    customer_id: string;
    status: OrderStatus;
    placed_at: Date;
    currency: string;
  };
  order_items: OrderLine & { order_id: string; line: number };
  placements: PlacementTable;
  /** Reservations without an order, whose release is pending. */
  owed_releases: { order_id: string };
}

/**
 * One row for each idempotency key. Until `placed` it is an intention: no order exists, but inventory may
 * hold stock under `order_id`. It becomes an order, or is deleted together with a pending release.
 */
interface PlacementTable {
  customer_id: string;
  idempotency_key: string;
  order_id: string;
  /** Normalized input of the client, to detect another use of the key. */
  wish: string;
  currency: string;
  lines: ColumnType<OrderLine[], string, never>;
  started_at: Date;
  placed: boolean;
}

export type OrderStatus = 'PLACED' | 'PACKED' | 'SHIPPED' | 'DELIVERED' | 'CANCELLED';
/** Statuses that hold stock and can be cancelled. */
export const openStatuses: readonly OrderStatus[] = ['PLACED', 'PACKED'];

type OrderLine = {
  product_id: string;
  product_name: string;
  quantity: number;
  /** An exact decimal. */
  unit_price: string;
};
export type Order = Selectable<OrderTables['orders']> & { readonly total: string };
export type OrderItem = Selectable<OrderTables['order_items']> & { readonly currency: string };
export type Placement = Selectable<PlacementTable>;
export type OrdersPage = PageArguments & { readonly status?: OrderStatus | null };
export type CancelOutcome = 'cancelled' | 'already-cancelled' | 'too-late';

type Db = Kysely<OrderTables>;
type Trx = Transaction<OrderTables>;

const newestFirst: Ordering<Order> = {
  name: 'newest-first',
  columns: ['placed_at', 'id'],
  direction: 'desc',
  keysetOf: (order) => [order.placed_at.toISOString(), order.id],
};

export const migrations: Record<string, Migration> = {
  '001-orders': {
    async up(db) {
      await sql`create sequence order_numbers`.execute(db);
      await db.schema
        .createTable('orders')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('number', 'text', (column) => column.notNull().unique())
        .addColumn('customer_id', 'text', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        // Milliseconds, as in JavaScript: a cursor must contain the exact stored time.
        .addColumn('placed_at', 'timestamptz(3)', (column) => column.notNull())
        .addColumn('currency', 'text', (column) => column.notNull())
        .execute();
      await db.schema.createIndex('orders_newest').on('orders').columns(['placed_at', 'id']).execute();
      await db.schema
        .createIndex('orders_newest_of_customer')
        .on('orders')
        .columns(['customer_id', 'placed_at', 'id'])
        .execute();
      await db.schema
        .createTable('order_items')
        .addColumn('order_id', 'text', (column) => column.notNull().references('orders.id'))
        .addColumn('line', 'integer', (column) => column.notNull())
        .addColumn('product_id', 'text', (column) => column.notNull())
        .addColumn('product_name', 'text', (column) => column.notNull())
        .addColumn('quantity', 'integer', (column) => column.notNull())
        .addColumn('unit_price', 'numeric', (column) => column.notNull())
        .addPrimaryKeyConstraint('order_items_pk', ['order_id', 'line'])
        .execute();
    },
  },
  '002-placements': {
    async up(db) {
      await db.schema
        .createTable('placements')
        .addColumn('customer_id', 'text', (column) => column.notNull())
        .addColumn('idempotency_key', 'text', (column) => column.notNull())
        .addColumn('order_id', 'text', (column) => column.notNull().unique())
        .addColumn('wish', 'text', (column) => column.notNull())
        .addColumn('currency', 'text', (column) => column.notNull())
        .addColumn('lines', 'jsonb', (column) => column.notNull())
        .addColumn('started_at', 'timestamptz(3)', (column) => column.notNull())
        .addColumn('placed', 'boolean', (column) => column.notNull().defaultTo(false))
        .addPrimaryKeyConstraint('placements_pk', ['customer_id', 'idempotency_key'])
        .execute();
      await db.schema
        .createTable('owed_releases')
        .addColumn('order_id', 'text', (column) => column.primaryKey())
        .execute();
    },
  },
  '003-open-orders': {
    async up(db) {
      await sql`create index orders_open on orders (customer_id) where status in ('PLACED', 'PACKED')`.execute(
        db,
      );
      await sql`create index placements_unfinished on placements (customer_id) where not placed`.execute(db);
    },
  },
  '004-followed-orders': {
    async up(db) {
      await sql`create index orders_followed on orders (id) where status in ('PLACED', 'PACKED', 'SHIPPED')`.execute(
        db,
      );
    },
  },
};

export function ordersByIds(db: Db, ids: readonly string[]): Promise<Order[]> {
  return selectOrders(db).where('id', 'in', ids).execute();
}

export function itemsOf(db: Db, orderIds: readonly string[]): Promise<OrderItem[]> {
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
export function listOrders(db: Db, customerId: string | null, page: OrdersPage): Promise<Connection<Order>> {
  let query = selectOrders(db);
  if (customerId !== null) query = query.where('customer_id', '=', customerId);
  if (page.status != null) query = query.where('status', '=', page.status);
  return fetchConnection(query, newestFirst, page);
}

/** Lists the same page of the orders of each customer. */
export function listOrdersOfEach(
  db: Db,
  customerIds: readonly string[],
  page: OrdersPage,
): Promise<ReadonlyMap<string, Connection<Order>>> {
  let query = selectOrders(db).where('customer_id', 'in', customerIds);
  if (page.status != null) query = query.where('status', '=', page.status);
  return fetchConnectionOfEach(db, query, { column: 'customer_id', keys: customerIds }, newestFirst, page);
}

export function findPlacement(db: Db, customerId: string, key: string): Promise<Placement | undefined> {
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
  db: Db,
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

/** Counts unfinished placements, too, in one statement, because a placement may become an order meanwhile. */
async function countOpenOrders(trx: Trx, customerId: string): Promise<number> {
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
export function completePlacement(db: Db, placement: Placement, placedAt: Date): Promise<boolean> {
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
export function abortPlacement(db: Db, orderId: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('placements')
      .where('order_id', '=', orderId)
      .where('placed', '=', false)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return false;
    await oweRelease(trx, orderId);
    return true;
  });
}

export async function unfinishedPlacements(db: Db, startedBefore: Date): Promise<string[]> {
  const rows = await db
    .selectFrom('placements')
    .where('placed', '=', false)
    .where('started_at', '<', startedBefore)
    .select('order_id')
    .execute();
  return rows.map((row) => row.order_id);
}

export function cancel(db: Db, orderId: string): Promise<CancelOutcome> {
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
    await oweRelease(trx, orderId);
    return 'cancelled';
  });
}

export async function pendingReleases(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('owed_releases').select('order_id').orderBy('order_id').execute();
  return rows.map((row) => row.order_id);
}

export async function deletePendingRelease(db: Db, orderId: string): Promise<void> {
  await db.deleteFrom('owed_releases').where('order_id', '=', orderId).execute();
}

function selectOrders(db: Db) {
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

async function insertOrder(trx: Trx, placement: Placement, placedAt: Date): Promise<void> {
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

export async function oweRelease(trx: Trx, orderId: string): Promise<void> {
  await trx
    .insertInto('owed_releases')
    .values({ order_id: orderId })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

import { type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Migration } from 'kysely/migration';
import {
  type Connection,
  fetchConnection,
  type Ordering,
  type PageArguments,
} from '../../database/connection.ts';
import type { LineItem } from '../shop/line-items.ts';

export interface InventoryTables {
  warehouses: { id: string; name: string };
  stock: { product_id: string; warehouse_id: string; available: number };
  reservations: { id: string; status: ReservationStatus };
  reservation_lines: { reservation_id: string; product_id: string; warehouse_id: string; quantity: number };
}

type ReservationStatus = 'HELD' | 'RELEASED';
export type Reservation = {
  readonly id: string;
  readonly status: ReservationStatus;
  readonly items: readonly LineItem[];
};
export type WarehouseStock = {
  readonly productId: string;
  readonly name: string;
  readonly available: number;
};
export type ScarceProduct = { readonly productId: string; readonly available: number };

export type StockChange = { readonly productId: string; readonly warehouse: string; readonly delta: number };

export type ReserveOutcome =
  | { readonly kind: 'held'; readonly reservation: Reservation }
  | { readonly kind: 'short'; readonly productIds: readonly string[] }
  | { readonly kind: 'released' }
  | { readonly kind: 'other-items' };

export type AdjustOutcome = 'adjusted' | 'unknown-warehouse' | 'below-zero';

type Db = Kysely<InventoryTables>;
type Trx = Transaction<InventoryTables>;
type StockRow = Selectable<InventoryTables['stock']>;

const scarcestFirst: Ordering<ScarceProduct> = {
  name: 'scarcest-first',
  columns: ['available', 'productId'],
  direction: 'asc',
  keysetOf: (row) => [String(row.available), row.productId],
};

export const migrations: Record<string, Migration> = {
  '001-stock': {
    async up(db) {
      await db.schema
        .createTable('warehouses')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull().unique())
        .execute();
      await db.schema
        .createTable('stock')
        .addColumn('product_id', 'text', (column) => column.notNull())
        .addColumn('warehouse_id', 'text', (column) => column.notNull().references('warehouses.id'))
        .addColumn('available', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('stock_pk', ['product_id', 'warehouse_id'])
        // The existing queries comply; the constraint protects against future ones.
        .addCheckConstraint('stock_never_below_zero', sql`available >= 0`)
        .execute();
    },
  },
  '002-reservations': {
    async up(db) {
      await db.schema
        .createTable('reservations')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('status', 'text', (column) => column.notNull())
        .execute();
      await db.schema
        .createTable('reservation_lines')
        .addColumn('reservation_id', 'text', (column) => column.notNull().references('reservations.id'))
        .addColumn('product_id', 'text', (column) => column.notNull())
        .addColumn('warehouse_id', 'text', (column) => column.notNull().references('warehouses.id'))
        .addColumn('quantity', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('reservation_lines_pk', ['reservation_id', 'product_id', 'warehouse_id'])
        .addCheckConstraint('reservation_lines_something', sql`quantity > 0`)
        .execute();
    },
  },
};

export function stockOf(db: Db, productIds: readonly string[]): Promise<WarehouseStock[]> {
  return db
    .selectFrom('stock')
    .innerJoin('warehouses', 'warehouses.id', 'stock.warehouse_id')
    .where('product_id', 'in', productIds)
    .select(['product_id as productId', 'name', 'available'])
    .orderBy('name')
    .execute();
}

/** Lists products with at most `threshold` pieces in all warehouses, the scarcest first. */
export function scarceProducts(
  db: Db,
  threshold: number,
  page: PageArguments,
): Promise<Connection<ScarceProduct>> {
  const totals = db
    .selectFrom('stock')
    .groupBy('product_id')
    .select(['product_id as productId', sql<number>`sum(available)::int`.as('available')])
    .as('totals');
  const scarce = db.selectFrom(totals).selectAll().where('available', '<=', threshold);
  return fetchConnection(scarce, scarcestFirst, page);
}

/**
 * Takes the items out of stock, all or none, once per reservation id.
 *
 * Every transaction here locks its reservation first and then stock rows in key order, which excludes
 * deadlocks: a transaction that waits for a reservation holds no other lock, and all lock stock rows in the
 * same order.
 */
export function reserve(db: Db, id: string, items: readonly LineItem[]): Promise<ReserveOutcome> {
  return db.transaction().execute(async (trx) => {
    if (!(await claimReservation(trx, id, 'HELD'))) return await repeatedReserve(trx, id, items);
    const rows = await lockStock(
      trx,
      items.map((item) => item.productId),
    );
    const short = items.filter((item) => total(rows, item.productId) < item.quantity);
    if (short.length > 0) {
      await trx.deleteFrom('reservations').where('id', '=', id).execute();
      return { kind: 'short', productIds: short.map((item) => item.productId) };
    }
    const lines = items.flatMap((item) => allocate(rows, item));
    await moveStock(trx, lines, 'out');
    await trx
      .insertInto('reservation_lines')
      .values(lines.map((line) => ({ reservation_id: id, ...line })))
      .execute();
    return { kind: 'held', reservation: { id, status: 'HELD', items } };
  });
}

/** Releases the stock of a reservation once; an unknown id is recorded as released. */
export function release(db: Db, id: string): Promise<Reservation> {
  return db.transaction().execute(async (trx) => {
    if (await claimReservation(trx, id, 'RELEASED')) return { id, status: 'RELEASED', items: [] };
    const { numUpdatedRows } = await trx
      .updateTable('reservations')
      .set({ status: 'RELEASED' })
      .where('id', '=', id)
      .where('status', '=', 'HELD')
      .executeTakeFirst();
    if (numUpdatedRows > 0n) await putBack(trx, id);
    return { id, status: 'RELEASED', items: await reservedItems(trx, id) };
  });
}

export function adjust(db: Db, change: StockChange): Promise<AdjustOutcome> {
  return db.transaction().execute(async (trx) => {
    const warehouse = await trx
      .selectFrom('warehouses')
      .where('name', '=', change.warehouse)
      .select('id')
      .executeTakeFirst();
    if (warehouse === undefined) return 'unknown-warehouse';
    if (change.delta > 0) await keepProduct(trx, change.productId, warehouse.id);
    const { numUpdatedRows } = await trx
      .updateTable('stock')
      .set((row) => ({ available: row('available', '+', change.delta) }))
      .where('product_id', '=', change.productId)
      .where('warehouse_id', '=', warehouse.id)
      .where((row) => row(row('available', '+', change.delta), '>=', 0))
      .executeTakeFirst();
    return numUpdatedRows > 0n ? 'adjusted' : 'below-zero';
  });
}

async function keepProduct(trx: Trx, productId: string, warehouseId: string): Promise<void> {
  await trx
    .insertInto('stock')
    .values({ product_id: productId, warehouse_id: warehouseId, available: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** Returns true to the transaction that creates the id; concurrent ones wait until it has finished. */
async function claimReservation(trx: Trx, id: string, status: ReservationStatus): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('reservations')
    .values({ id, status })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

async function repeatedReserve(trx: Trx, id: string, items: readonly LineItem[]): Promise<ReserveOutcome> {
  const { status } = await trx
    .selectFrom('reservations')
    .where('id', '=', id)
    .select('status')
    .executeTakeFirstOrThrow();
  if (status === 'RELEASED') return { kind: 'released' };
  const held = await reservedItems(trx, id);
  if (!sameItems(held, items)) return { kind: 'other-items' };
  return { kind: 'held', reservation: { id, status, items: held } };
}

function reservedItems(trx: Trx, id: string): Promise<LineItem[]> {
  return trx
    .selectFrom('reservation_lines')
    .where('reservation_id', '=', id)
    .groupBy('product_id')
    .orderBy('product_id')
    .select(['product_id as productId', sql<number>`sum(quantity)::int`.as('quantity')])
    .execute();
}

function sameItems(held: readonly LineItem[], asked: readonly LineItem[]): boolean {
  const quantities = new Map(held.map((item) => [item.productId, item.quantity]));
  return (
    held.length === asked.length && asked.every((item) => quantities.get(item.productId) === item.quantity)
  );
}

async function lockStock(trx: Trx, productIds: readonly string[]): Promise<StockRow[]> {
  return await trx
    .selectFrom('stock')
    .where('product_id', 'in', productIds)
    .selectAll()
    .orderBy('product_id')
    .orderBy('warehouse_id')
    .forUpdate()
    .execute();
}

function total(rows: readonly StockRow[], productId: string): number {
  return rows
    .filter((row) => row.product_id === productId)
    .reduce((pieces, row) => pieces + row.available, 0);
}

// Starts with the fullest warehouse, so that an order is split only if no warehouse has all pieces.
function allocate(
  rows: readonly StockRow[],
  item: LineItem,
): { product_id: string; warehouse_id: string; quantity: number }[] {
  const fullestFirst = rows
    .filter((row) => row.product_id === item.productId && row.available > 0)
    .sort((one, other) => other.available - one.available);
  let missing = item.quantity;
  const lines = [];
  for (const row of fullestFirst) {
    const quantity = Math.min(missing, row.available);
    if (quantity > 0) lines.push({ product_id: row.product_id, warehouse_id: row.warehouse_id, quantity });
    missing -= quantity;
  }
  return lines;
}

async function putBack(trx: Trx, id: string): Promise<void> {
  const lines = await trx
    .selectFrom('reservation_lines')
    .where('reservation_id', '=', id)
    .select(['product_id', 'warehouse_id', 'quantity'])
    .execute();
  await lockStock(
    trx,
    lines.map((line) => line.product_id),
  );
  await moveStock(trx, lines, 'back');
}

async function moveStock(
  trx: Trx,
  lines: readonly { product_id: string; warehouse_id: string; quantity: number }[],
  direction: 'out' | 'back',
): Promise<void> {
  const products = lines.map((line) => line.product_id);
  const warehouses = lines.map((line) => line.warehouse_id);
  const deltas = lines.map((line) => (direction === 'out' ? -line.quantity : line.quantity));
  await sql`
    update stock set available = available + moved.delta
    from unnest(${products}::text[], ${warehouses}::text[], ${deltas}::int[]) as moved(product_id, warehouse_id, delta)
    where stock.product_id = moved.product_id and stock.warehouse_id = moved.warehouse_id
  `.execute(trx);
}

import { type ColumnType, type Kysely, type Selectable, sql, type Transaction } from 'kysely';
import type { Migration } from 'kysely/migration';

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
  pending_releases: { order_id: string };
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
  request: string;
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

export type OrderDatabase = Kysely<OrderTables>;
export type OrderTransaction = Transaction<OrderTables>;

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
  '005-request-and-pending-releases': {
    async up(db) {
      await db.schema.alterTable('placements').renameColumn('wish', 'request').execute();
      await db.schema.alterTable('owed_releases').renameTo('pending_releases').execute();
      await sql`alter index owed_releases_pkey rename to pending_releases_pkey`.execute(db);
    },
  },
};

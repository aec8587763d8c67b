import type { GeneratedAlways, Insertable, Kysely, Selectable, Transaction } from 'kysely';
import type { Migration } from 'kysely/migration';

export interface ShippingTables {
  shipments: {
    id: string;
    order_id: string;
    tracking_number: string;
    carrier: Carrier;
    estimated_delivery: Date | null;
  };
  tracking_events: {
    shipment_id: string;
    occurred_at: Date;
    status: ShipmentStatus;
    location: string | null;
    description: string;
    sequence: GeneratedAlways<number>;
  };
}

export type Carrier = 'PARCEL_POST' | 'COURIER' | 'FREIGHT';
export type ShipmentStatus = 'ANNOUNCED' | 'IN_TRANSIT' | 'OUT_FOR_DELIVERY' | 'DELIVERED' | 'DELAYED';

export type NewShipment = Insertable<ShippingTables['shipments']>;
export type Shipment = Selectable<ShippingTables['shipments']> & { readonly status: ShipmentStatus };
export type TrackingEvent = Selectable<ShippingTables['tracking_events']>;
export type NewEvent = Omit<TrackingEvent, 'shipment_id' | 'sequence'>;
export type EventOutcome = 'added' | 'unknown-shipment' | 'after-delivery';

type Db = Kysely<ShippingTables>;
type Key = 'id' | 'order_id' | 'tracking_number';

export const migrations: Record<string, Migration> = {
  '001-shipments': {
    async up(db) {
      await db.schema
        .createTable('shipments')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('order_id', 'text', (column) => column.notNull().unique())
        .addColumn('tracking_number', 'text', (column) => column.notNull().unique())
        .addColumn('carrier', 'text', (column) => column.notNull())
        .addColumn('estimated_delivery', 'timestamptz(3)')
        .execute();
      await db.schema
        .createTable('tracking_events')
        .addColumn('shipment_id', 'text', (column) => column.notNull().references('shipments.id'))
        .addColumn('occurred_at', 'timestamptz(3)', (column) => column.notNull())
        .addColumn('status', 'text', (column) => column.notNull())
        .addColumn('location', 'text')
        .addColumn('description', 'text', (column) => column.notNull())
        // Sorts events of the same time in the order of their reports.
        .addColumn('sequence', 'integer', (column) => column.notNull().generatedAlwaysAsIdentity())
        // A repeated report is one event.
        .addPrimaryKeyConstraint('tracking_events_pk', ['shipment_id', 'occurred_at', 'status'])
        .execute();
    },
  },
};

export function shipmentsBy(db: Db, key: Key, values: readonly string[]): Promise<Shipment[]> {
  return (
    db
      .selectFrom('shipments')
      .where(key, 'in', values)
      .selectAll()
      .select((row) =>
        row
          .selectFrom('tracking_events')
          .whereRef('shipment_id', '=', 'shipments.id')
          .orderBy('occurred_at', 'desc')
          .orderBy('sequence', 'desc')
          .limit(1)
          .select('tracking_events.status')
          .as('status'),
      )
      // Every shipment has a first event.
      .$narrowType<{ status: ShipmentStatus }>()
      .execute()
  );
}

export function eventsOf(db: Db, shipmentIds: readonly string[]): Promise<TrackingEvent[]> {
  return db
    .selectFrom('tracking_events')
    .where('shipment_id', 'in', shipmentIds)
    .selectAll()
    .orderBy('shipment_id')
    .orderBy('occurred_at')
    .orderBy('sequence')
    .execute();
}

/** Returns false if the order already has a shipment. */
export function createShipment(db: Db, shipment: NewShipment, announced: NewEvent): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const created = await trx
      .insertInto('shipments')
      .values(shipment)
      .onConflict((conflict) => conflict.column('order_id').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (created === undefined) return false;
    await trx
      .insertInto('tracking_events')
      .values({ ...announced, shipment_id: created.id })
      .execute();
    return true;
  });
}

export function addEvent(db: Db, trackingNumber: string, event: NewEvent): Promise<EventOutcome> {
  return db.transaction().execute(async (trx) => {
    // The lock serializes the validation of concurrent events.
    const shipment = await trx
      .selectFrom('shipments')
      .where('tracking_number', '=', trackingNumber)
      .select('id')
      .forUpdate()
      .executeTakeFirst();
    if (shipment === undefined) return 'unknown-shipment';
    const events = trx.selectFrom('tracking_events').where('shipment_id', '=', shipment.id);
    const known = events
      .where('occurred_at', '=', event.occurred_at)
      .where('status', '=', event.status)
      .select('status');
    // A repeated event changes nothing, even if it has the time of the delivery.
    if ((await known.executeTakeFirst()) !== undefined) return 'added';
    if (await isAfterDelivery(trx, shipment.id, event)) return 'after-delivery';
    await trx
      .insertInto('tracking_events')
      .values({ ...event, shipment_id: shipment.id })
      .execute();
    return 'added';
  });
}

/** Whether an event would follow the delivery. */
async function isAfterDelivery(
  trx: Transaction<ShippingTables>,
  shipmentId: string,
  { occurred_at, status }: NewEvent,
): Promise<boolean> {
  const others = trx.selectFrom('tracking_events').where('shipment_id', '=', shipmentId);
  const conflicting =
    status === 'DELIVERED'
      ? others.where((row) => row.or([row('occurred_at', '>', occurred_at), row('status', '=', 'DELIVERED')]))
      : others.where('status', '=', 'DELIVERED').where('occurred_at', '<=', occurred_at);
  return (await conflicting.select('status').limit(1).executeTakeFirst()) !== undefined;
}

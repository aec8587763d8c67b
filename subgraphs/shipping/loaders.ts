import type { Kysely } from 'kysely';
import { groupLoader, rowLoader } from '../shared/loaders.ts';
import { eventsOf, shipmentsBy, type ShippingTables } from './data.ts';

export type ShippingLoaders = ReturnType<typeof createLoaders>;

/** Creates the loaders of one request, because a loader caches rows. */
export function createLoaders(db: Kysely<ShippingTables>) {
  return {
    shipment: rowLoader(
      (ids) => shipmentsBy(db, 'id', ids),
      (shipment) => shipment.id,
    ),
    shipmentOfOrder: rowLoader(
      (orderIds) => shipmentsBy(db, 'order_id', orderIds),
      (shipment) => shipment.order_id,
    ),
    shipmentByTrackingNumber: rowLoader(
      (trackingNumbers) => shipmentsBy(db, 'tracking_number', trackingNumbers),
      (shipment) => shipment.tracking_number,
    ),
    events: groupLoader(
      (shipmentIds) => eventsOf(db, shipmentIds),
      (event) => event.shipment_id,
    ),
  };
}

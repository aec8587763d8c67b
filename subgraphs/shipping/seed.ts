import type { Kysely } from 'kysely';
import { type DemoOrder, demoOrders, type OrderStatus } from '../shop/demo/orders.ts';
import { createRandom, type Random } from '../shop/demo/random.ts';
import { demoWarehouses } from '../shop/demo/warehouses.ts';
import type { NewShipment, ShipmentStatus, ShippingTables, TrackingEvent } from './data.ts';

type DemoEvent = Omit<TrackingEvent, 'sequence'>;

const rowsPerStatement = 500;
const hourMs = 3_600_000;
const trackingAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

const stories: Readonly<Record<ShipmentStatus, string>> = {
  ANNOUNCED: 'The parcel was announced to the carrier.',
  IN_TRANSIT: 'The carrier has picked up the parcel.',
  OUT_FOR_DELIVERY: 'The parcel is on the van.',
  DELIVERED: 'The parcel was handed over.',
  DELAYED: 'Nobody was at home; the carrier will try again.',
};

export async function seed(db: Kysely<ShippingTables>): Promise<void> {
  const random = createRandom(4004);
  const shipments: NewShipment[] = [];
  const events: DemoEvent[] = [];
  for (const order of demoOrders) {
    const journey = journeyOf(order.status, random);
    if (journey.length === 0) continue;
    const shipment = createShipment(order, random);
    shipments.push(shipment);
    events.push(...createEvents(shipment.id, journey, order.placedAt, random));
  }
  await db.insertInto('shipments').values(shipments).execute();
  for (let start = 0; start < events.length; start += rowsPerStatement) {
    await db
      .insertInto('tracking_events')
      .values(events.slice(start, start + rowsPerStatement))
      .execute();
  }
}

function journeyOf(status: OrderStatus, random: Random): ShipmentStatus[] {
  switch (status) {
    case 'PLACED':
    case 'CANCELLED':
      return [];
    case 'PACKED':
      return ['ANNOUNCED'];
    case 'SHIPPED':
      return ['ANNOUNCED', 'IN_TRANSIT', ...(random.chance(0.3) ? (['DELAYED'] as const) : [])];
    case 'DELIVERED': {
      const retry = random.chance(0.1) ? (['DELAYED'] as const) : [];
      return ['ANNOUNCED', 'IN_TRANSIT', ...retry, 'OUT_FOR_DELIVERY', 'DELIVERED'];
    }
  }
}

function createShipment(order: DemoOrder, random: Random): NewShipment {
  const letters = Array.from({ length: 16 }, () => trackingAlphabet.charAt(random.between(0, 31)));
  return {
    id: order.id.replace('order', 'shipment'),
    order_id: order.id,
    tracking_number: `TR${letters.join('')}`,
    carrier: random.pick(['PARCEL_POST', 'PARCEL_POST', 'PARCEL_POST', 'COURIER', 'FREIGHT']),
    estimated_delivery: new Date(order.placedAt.getTime() + random.between(3, 6) * 24 * hourMs),
  };
}

function createEvents(
  shipmentId: string,
  journey: readonly ShipmentStatus[],
  placedAt: Date,
  random: Random,
): DemoEvent[] {
  const { city } = random.pick(demoWarehouses);
  let at = placedAt.getTime();
  return journey.map((status) => {
    at += random.between(4, 30) * hourMs;
    const location = status === 'ANNOUNCED' || status === 'IN_TRANSIT' ? city : null;
    return {
      shipment_id: shipmentId,
      occurred_at: new Date(at),
      status,
      location,
      description: stories[status],
    };
  });
}

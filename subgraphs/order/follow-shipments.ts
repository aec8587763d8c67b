import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import { z } from 'zod';
import { dependencyUnavailable } from '../shared/errors.ts';
import { backgroundWork } from '../shared/inbound-request.ts';
import type { CallService } from './service-client.ts';
import type { OrderTables } from './data.ts';
import {
  advance,
  expire,
  type FollowedOrder,
  followedOrders,
  type ShippedStatus,
} from './followed-orders.ts';

export type FollowOptions = {
  readonly db: Kysely<OrderTables>;
  readonly callService: CallService;
  readonly shippingUrl: string;
  /** Milliseconds after which an order without a shipment is cancelled. */
  readonly expiryMs: number;
  readonly now: () => number;
  readonly log: Logger;
};

const ordersPerRun = 100;

/**
 * Creates a task that updates orders from their parcels: an order with a shipment gets its status, an expired
 * order without one is cancelled. Each run continues after the orders of the previous one. If shipping does
 * not respond, the run fails before it changes anything.
 */
export function createShipmentFollower(options: FollowOptions): () => Promise<void> {
  let after = '';
  return async () => {
    const orders = await followedOrders(options.db, after, ordersPerRun);
    if (orders.length > 0) {
      const statuses = await fetchStatuses(orders, options);
      for (const [index, order] of orders.entries()) await update(order, statuses[index] ?? null, options);
    }
    after = orders.length < ordersPerRun ? '' : (orders.at(-1)?.id ?? '');
  };
}

async function update(
  order: FollowedOrder,
  status: ShippedStatus | null,
  { db, expiryMs, now, log }: FollowOptions,
): Promise<void> {
  if (status !== null) {
    if (status !== order.status) await advance(db, order.id, status);
    return;
  }
  if (order.status !== 'PLACED' || order.placed_at.getTime() > now() - expiryMs) return;
  if (await expire(db, order.id)) log.info({ orderId: order.id }, 'order expired');
}

const shipmentsQuery = /* GraphQL */ `
  query ShipmentsForOrder($representations: [_Any!]!) {
    orders: _entities(representations: $representations) {
      ... on Order {
        shipment {
          status
        }
      }
    }
  }
`;

const shipmentStatus = z.enum(['ANNOUNCED', 'IN_TRANSIT', 'OUT_FOR_DELIVERY', 'DELIVERED', 'DELAYED']);
const shipmentsSchema = z.object({
  orders: z.array(z.object({ shipment: z.object({ status: shipmentStatus }).nullable() })),
});

async function fetchStatuses(
  orders: readonly FollowedOrder[],
  { callService, shippingUrl }: FollowOptions,
): Promise<(ShippedStatus | null)[]> {
  const { data, errors } = await callService({
    url: shippingUrl,
    audience: 'shipping',
    query: shipmentsQuery,
    variables: { representations: orders.map(({ id }) => ({ __typename: 'Order', id })) },
    inbound: backgroundWork('shipments'),
  });
  const parsed = shipmentsSchema.safeParse(data);
  // Only a complete response proves that an order has no shipment.
  if (errors.length > 0 || !parsed.success || parsed.data.orders.length !== orders.length) {
    throw dependencyUnavailable('shipping', parsed.error ?? new Error(errors[0]?.message));
  }
  return parsed.data.orders.map(({ shipment }) => (shipment === null ? null : statusOf(shipment.status)));
}

function statusOf(status: z.infer<typeof shipmentStatus>): ShippedStatus {
  switch (status) {
    case 'ANNOUNCED':
      return 'PACKED';
    case 'IN_TRANSIT':
    case 'OUT_FOR_DELIVERY':
    case 'DELAYED':
      return 'SHIPPED';
    case 'DELIVERED':
      return 'DELIVERED';
  }
}

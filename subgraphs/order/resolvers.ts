import { GraphQLError } from 'graphql';
import type { Kysely } from 'kysely';
import { randomUUID } from 'node:crypto';
import { type Caller, hasRole, requireSignedIn, requireUser } from '../shared/caller.ts';
import type { Connection } from '../../database/connection.ts';
import { fail } from '../shared/errors.ts';
import type { RequestFacts, Resolvers } from '../shared/serve.ts';
import type { InboundRequest } from '../shared/inbound-request.ts';
import { readId } from '../shop/ids.ts';
import { type LineItem, readLineItems } from '../shop/line-items.ts';
import { shopScalars } from '../shop/scalars.ts';
import type { OrderLimit, Settings } from '../shared/settings.ts';
import type { Order, OrderItem, OrderTables, Placement } from './data.ts';
import { cancel, listOrders, type OrdersPage } from './orders.ts';
import { abortPlacement, completePlacement, findPlacement, openPlacement } from './placements.ts';
import { deletePendingRelease } from './pending-releases.ts';
import { checkPieces, failTooManyOpen, limitOf } from './limits.ts';
import type { Offer, OrderLoaders } from './loaders.ts';

/** Idempotent calls to inventory. A call without a response may still take effect. */
export type Inventory = {
  readonly reserve: (orderId: string, items: readonly LineItem[], inbound: InboundRequest) => Promise<void>;
  readonly release: (orderId: string, inbound: InboundRequest) => Promise<void>;
};

export type OrderContext = RequestFacts & {
  readonly db: Kysely<OrderTables>;
  readonly now: () => number;
  readonly inventory: Inventory;
  readonly loaders: OrderLoaders;
  readonly limits: Settings['orderLimits'];
};

type Reference = { readonly id: string };
type PlaceOrderRequest = {
  readonly customerId: string;
  readonly key: string;
  readonly items: readonly LineItem[];
  readonly limit: OrderLimit;
};
type PlaceOrderArguments = {
  readonly input: { readonly items: readonly LineItem[] };
  readonly idempotencyKey: string;
};

export const resolvers: Resolvers = {
  ...shopScalars,
  Query: {
    order: (_: unknown, { id }: Reference, context: OrderContext) => visibleOrder(id, context),
    orders: listVisibleOrders,
  },
  Mutation: {
    placeOrder,
    cancelOrder,
  },
  Order: {
    __resolveReference: ({ id }: Reference, context: OrderContext) => visibleOrder(id, context),
    placedAt: (order: Order) => order.placed_at,
    items: (order: Order, _: unknown, { loaders }: OrderContext) => loaders.items.load(order.id),
    totalAmount: ({ total, currency }: Order) => ({ amount: total, currency }),
    customer: (order: Order) => ({ id: order.customer_id }),
  },
  OrderItem: {
    unitPrice: (item: OrderItem) => ({ amount: item.unit_price, currency: item.currency }),
    productName: (item: OrderItem) => item.product_name,
    product: (item: OrderItem) => ({ id: item.product_id }),
  },
  User: {
    __resolveReference: async ({ id }: Reference) => ({ id }),
    orders: ordersOfUser,
  },
};

async function visibleOrder(id: string, { caller, loaders }: OrderContext): Promise<Order | null> {
  const order = await loaders.order.load(id);
  return order !== null && maySeeOrdersOf(order.customer_id, caller) ? order : null;
}

function maySeeOrdersOf(customerId: string, caller: Caller): boolean {
  return maySeeAllOrders(caller) || (caller.kind === 'user' && caller.id === customerId);
}

function maySeeAllOrders(caller: Caller): boolean {
  return hasRole(caller, 'admin', 'service');
}

async function listVisibleOrders(
  _: unknown,
  { customerId = null, ...page }: OrdersPage & { readonly customerId?: string | null },
  { caller, db }: OrderContext,
): Promise<Connection<Order>> {
  if (maySeeAllOrders(caller)) return listOrders(db, customerId, page);
  const { id } = requireUser(caller);
  if (customerId !== null && customerId !== id) fail('FORBIDDEN', 'These are the orders of somebody else.');
  return listOrders(db, id, page);
}

async function ordersOfUser(
  { id }: Reference,
  page: OrdersPage,
  { caller, loaders }: OrderContext,
): Promise<Connection<Order>> {
  requireSignedIn(caller);
  if (!maySeeOrdersOf(id, caller)) fail('FORBIDDEN', 'These are the orders of somebody else.');
  return loaders.ordersOfCustomer(page).load(id);
}

/**
 * Placing an order is a saga over this database and inventory. Each step is idempotent, so that a retry, a
 * concurrent call with the same key, or the recovery after a crash can continue after any step:
 *
 *   1. record the intention under the idempotency key, with the current prices;
 *   2. reserve the stock under the future id of the order;
 *   3. in one transaction, mark the intention as placed and write the order,
 *      or delete the intention and record a pending release of the stock.
 *
 * Only one alternative of step 3 can happen, because both start by changing the row of the intention.
 */
async function placeOrder(
  _: unknown,
  { input, idempotencyKey }: PlaceOrderArguments,
  context: OrderContext,
): Promise<Order | null> {
  const { id: customerId, tier } = requireUser(context.caller);
  const request: PlaceOrderRequest = {
    customerId,
    key: readId('idempotencyKey', idempotencyKey),
    items: readLineItems(input.items),
    limit: limitOf(tier, context.limits),
  };
  const known = await findPlacement(context.db, customerId, request.key);
  const placement = known ?? (await intend(request, context));
  if (placement.request !== JSON.stringify(request.items)) {
    fail('CONFLICT', 'This idempotency key was used for another order.');
  }
  if (!placement.placed) await finish(placement, context);
  return context.loaders.order.load(placement.order_id);
}

async function intend(request: PlaceOrderRequest, context: OrderContext): Promise<Placement> {
  const { customerId, key, items, limit } = request;
  const { db, now, loaders } = context;
  checkPieces(items, limit);
  const placement = {
    customer_id: customerId,
    idempotency_key: key,
    order_id: randomUUID(),
    request: JSON.stringify(items),
    started_at: new Date(now()),
    ...(await price(items, loaders)),
  };
  const outcome = await openPlacement(db, placement, limit.openOrders);
  if (outcome === 'too-many-open') failTooManyOpen(limit);
  // A concurrent call with the key may have been first: its intention with its prices is valid.
  return (await findPlacement(db, customerId, key)) ?? placementAborted();
}

async function price(
  items: readonly LineItem[],
  loaders: OrderLoaders,
): Promise<Pick<Placement, 'currency' | 'lines'>> {
  const offers = await Promise.all(items.map((item) => offerOf(item.productId, loaders))).catch((error) => {
    throw nothingPlaced(error);
  });
  const lines = offers.map(({ id, name, price }, index) => ({
    product_id: id,
    product_name: name,
    quantity: items[index]?.quantity ?? 0,
    unit_price: price.amount,
  }));
  const [currency = '', ...others] = new Set(offers.map((offer) => offer.price.currency));
  if (others.length > 0) fail('BAD_USER_INPUT', 'All products of an order must be sold in one currency.');
  return { currency, lines };
}

async function offerOf(productId: string, loaders: OrderLoaders): Promise<Offer> {
  const offer = await loaders.offer.load(productId);
  return offer ?? fail('BAD_USER_INPUT', `There is no product ${productId}.`);
}

async function finish(placement: Placement, context: OrderContext): Promise<void> {
  const { db, now, inventory, inbound } = context;
  try {
    await inventory.reserve(placement.order_id, lineItemsOf(placement), inbound);
  } catch (error) {
    if (await abort(placement, context)) throw nothingPlaced(error);
    return expectPlaced(placement, db);
  }
  const completed = await completePlacement(db, placement, new Date(now()));
  if (!completed) await expectPlaced(placement, db);
}

/** Adds the consequence for the caller to the error of another service. */
function nothingPlaced(error: unknown): unknown {
  if (!(error instanceof GraphQLError) || error.extensions['code'] !== 'UNAVAILABLE') return error;
  const { message, extensions } = error;
  const originalError = error.originalError ?? error;
  return new GraphQLError(`${message} Nothing was placed: send the order again with the same key.`, {
    extensions,
    originalError,
  });
}

function lineItemsOf({ lines }: Placement): LineItem[] {
  return lines.map(({ product_id, quantity }) => ({ productId: product_id, quantity }));
}

async function abort({ order_id }: Placement, context: OrderContext): Promise<boolean> {
  const aborted = await abortPlacement(context.db, order_id);
  if (aborted) await tryRelease(order_id, context);
  return aborted;
}

/** Returns the outcome of a concurrent call with the same key, which has placed or aborted the order. */
async function expectPlaced(placement: Placement, db: Kysely<OrderTables>): Promise<void> {
  const current = await findPlacement(db, placement.customer_id, placement.idempotency_key);
  if (current?.order_id !== placement.order_id || !current.placed) placementAborted();
}

function placementAborted(): never {
  return fail('UNAVAILABLE', 'The order was aborted meanwhile and nothing was placed: send it again.');
}

async function cancelOrder(_: unknown, { id }: Reference, context: OrderContext): Promise<Order | null> {
  requireSignedIn(context.caller);
  const order = (await visibleOrder(id, context)) ?? fail('NOT_FOUND', `There is no order ${id}.`);
  const outcome = await cancel(context.db, order.id);
  if (outcome === 'too-late') fail('CONFLICT', `The order ${order.number} has left the warehouse.`);
  if (outcome === 'cancelled') await tryRelease(order.id, context);
  context.loaders.order.clear(order.id);
  return context.loaders.order.load(order.id);
}

/** Releases the stock; if inventory does not respond, the release stays pending for the recovery. */
async function tryRelease(orderId: string, context: OrderContext): Promise<void> {
  const { db, inventory, log, inbound } = context;
  try {
    await inventory.release(orderId, inbound);
    await deletePendingRelease(db, orderId);
  } catch (error) {
    log.warn({ err: error, orderId }, 'stock release deferred');
  }
}

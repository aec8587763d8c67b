import type { Kysely } from 'kysely';
import { requireRole } from '../shared/caller.ts';
import type { Connection, PageArguments } from '../../database/connection.ts';
import { fail, shopError } from '../shared/errors.ts';
import type { RequestFacts, Resolvers } from '../shared/serve.ts';
import { readId } from '../shop/ids.ts';
import { type LineItem, readLineItems } from '../shop/line-items.ts';
import {
  adjust,
  type InventoryTables,
  release,
  reserve,
  type ReserveOutcome,
  type Reservation,
  type ScarceProduct,
  scarceProducts,
  type StockChange,
  type WarehouseStock,
} from './data.ts';
import type { InventoryLoaders } from './loaders.ts';

export type InventoryContext = RequestFacts & {
  readonly db: Kysely<InventoryTables>;
  readonly loaders: InventoryLoaders;
};

type Product = { readonly id: string };
type LowStockArguments = PageArguments & { readonly threshold?: number | null };

const defaultThreshold = 5;
const maxThreshold = 1000;
const maxDelta = 100_000;

export const resolvers: Resolvers = {
  Query: {
    lowStock,
  },
  Mutation: {
    reserveStock,
    releaseStock,
    adjustStock,
  },
  Product: {
    // Every product has a stock, also a new one that is in no warehouse.
    __resolveReference: async ({ id }: Product) => ({ id }),
    inStock: async (product: Product, _: unknown, { loaders }: InventoryContext) =>
      total(await loaders.stock.load(product.id)) > 0,
    async stock(product: Product, _: unknown, { loaders }: InventoryContext) {
      const warehouses = await loaders.stock.load(product.id);
      return { available: total(warehouses), warehouses };
    },
  },
  ReservationItem: {
    product: ({ productId }: LineItem): Product => ({ id: productId }),
  },
  LowStockEdge: {
    node: ({ node }: { node: ScarceProduct }): Product => ({ id: node.productId }),
  },
};

async function lowStock(
  _: unknown,
  { threshold, ...page }: LowStockArguments,
  { db }: InventoryContext,
): Promise<Connection<ScarceProduct>> {
  const pieces = threshold ?? defaultThreshold;
  if (pieces < 0 || pieces > maxThreshold) {
    fail('BAD_USER_INPUT', `"threshold" must be 0 to ${maxThreshold}, not ${pieces}.`);
  }
  return scarceProducts(db, pieces, page);
}

async function reserveStock(
  _: unknown,
  args: { readonly reservationId: string; readonly items: readonly LineItem[] },
  { caller, db, loaders }: InventoryContext,
): Promise<Reservation> {
  requireRole(caller, 'inventory', 'service');
  const id = readId('reservationId', args.reservationId);
  const outcome = await reserve(db, id, readLineItems(args.items));
  // The next mutation of the same operation must not return cached stock.
  loaders.stock.clearAll();
  if (outcome.kind === 'held') return outcome.reservation;
  throw shopError('CONFLICT', rejectionOf(id, outcome));
}

function rejectionOf(id: string, outcome: Exclude<ReserveOutcome, { kind: 'held' }>): string {
  switch (outcome.kind) {
    case 'short':
      return `Not enough stock of ${outcome.productIds.join(', ')}.`;
    case 'released':
      return `The reservation ${id} was released.`;
    case 'other-items':
      return `The reservation ${id} holds other items.`;
  }
}

async function releaseStock(
  _: unknown,
  args: { readonly reservationId: string },
  { caller, db, loaders }: InventoryContext,
): Promise<Reservation> {
  requireRole(caller, 'inventory', 'service');
  const reservation = await release(db, readId('reservationId', args.reservationId));
  loaders.stock.clearAll();
  return reservation;
}

async function adjustStock(
  _: unknown,
  { input }: { readonly input: StockChange },
  { caller, db, loaders }: InventoryContext,
): Promise<Product> {
  requireRole(caller, 'inventory', 'service');
  if (input.delta === 0 || Math.abs(input.delta) > maxDelta) {
    fail('BAD_USER_INPUT', `"delta" must be 1 to ${maxDelta} either way.`);
  }
  const id = readId('productId', input.productId);
  const outcome = await adjust(db, input);
  loaders.stock.clear(id);
  if (outcome === 'unknown-warehouse') fail('NOT_FOUND', `There is no warehouse named ${input.warehouse}.`);
  if (outcome === 'below-zero') fail('CONFLICT', `${input.warehouse} has fewer pieces than that.`);
  return { id };
}

function total(warehouses: readonly WarehouseStock[]): number {
  return warehouses.reduce((pieces, { available }) => pieces + available, 0);
}

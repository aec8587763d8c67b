import type { Kysely, Selectable } from 'kysely';
import { demoProducts } from '../shop/demo/catalog.ts';
import { demoOrders } from '../shop/demo/orders.ts';
import { createRandom, type Random } from '../shop/demo/random.ts';
import { demoWarehouses } from '../shop/demo/warehouses.ts';
import type { InventoryTables } from './data.ts';

type StockRow = Selectable<InventoryTables['stock']>;

const rowsPerStatement = 1_000;

export async function seed(db: Kysely<InventoryTables>): Promise<void> {
  await db
    .insertInto('warehouses')
    .values(demoWarehouses.map(({ id, name }) => ({ id, name })))
    .execute();
  const stock = createStock();
  for (let start = 0; start < stock.length; start += rowsPerStatement) {
    await db
      .insertInto('stock')
      .values(stock.slice(start, start + rowsPerStatement))
      .execute();
  }
  await seedReservations(db, stock);
}

function createStock(): StockRow[] {
  const random = createRandom(4005);
  return demoProducts.flatMap((product) => {
    const pieces = piecesOf(random);
    return demoWarehouses
      .filter(() => random.chance(0.7))
      .map((warehouse) => ({
        product_id: product.id,
        warehouse_id: warehouse.id,
        available: random.between(0, pieces),
      }));
  });
}

/** One product in twenty is sold out, one in ten has low stock. */
function piecesOf(random: Random): number {
  if (random.chance(0.05)) return 0;
  return random.chance(0.1) ? 2 : 120;
}

/** Orders that are not shipped hold stock, which their cancellation releases. */
async function seedReservations(db: Kysely<InventoryTables>, stock: readonly StockRow[]): Promise<void> {
  const waiting = demoOrders.filter(({ status }) => status === 'PLACED' || status === 'PACKED');
  const shelves = new Map(stock.map((row) => [row.product_id, row.warehouse_id]));
  const lines = waiting.flatMap((order) =>
    order.items.flatMap(({ productId, quantity }) => {
      const warehouse = shelves.get(productId);
      if (warehouse === undefined) return [];
      return [{ reservation_id: order.id, product_id: productId, warehouse_id: warehouse, quantity }];
    }),
  );
  await db
    .insertInto('reservations')
    .values(waiting.map(({ id }) => ({ id, status: 'HELD' as const })))
    .execute();
  await db.insertInto('reservation_lines').values(lines).execute();
}

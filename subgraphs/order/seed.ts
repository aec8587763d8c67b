import { type Kysely, sql } from 'kysely';
import { demoOrders } from '../shop/demo/orders.ts';
import type { OrderTables } from './data.ts';

const rowsPerStatement = 500;

export async function seed(db: Kysely<OrderTables>): Promise<void> {
  const orders = demoOrders.map(({ id, number, customerId, status, placedAt, currency }) => {
    return { id, number, customer_id: customerId, status, placed_at: placedAt, currency };
  });
  const items = demoOrders.flatMap((order) =>
    order.items.map((item, line) => ({
      order_id: order.id,
      line,
      product_id: item.productId,
      product_name: item.productName,
      quantity: item.quantity,
      unit_price: item.unitPrice,
    })),
  );
  await db.insertInto('orders').values(orders).execute();
  for (let start = 0; start < items.length; start += rowsPerStatement) {
    await db
      .insertInto('order_items')
      .values(items.slice(start, start + rowsPerStatement))
      .execute();
  }
  // New orders continue the numbers of the demo orders.
  const last = Math.max(...demoOrders.map(({ number }) => Number(number.slice('T-'.length))));
  await sql`select setval('order_numbers', ${last}::int)`.execute(db);
}
